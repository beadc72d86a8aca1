//! Changes a token into one for another API (RFC 8693). Only tokens of this server are known.

use aggregates::{
    session::Session,
    user::User,
    values::{Audience, SessionId, TokenLabel},
};
use authorization::SessionView;

use crate::{
    app::App,
    caller::{Origin, by_token},
    evidence::Evidence,
    identity::{Audiences, Issue, Lifetime, LoggedIn, is_conflict, tokens::InToken, tokens::digest},
    refusal::{Refusal, RefusalKind},
};

/// How often a token is looked at again because its session or its user changed meanwhile.
const ATTEMPTS: u32 = 4;

/// The only audience for which tokens are exchanged.
pub const EXCHANGED_FOR: Audience = Audience::Coiote;

/// The token is not good. The client learns nothing more (section 2.2.2).
fn refused() -> Refusal {
    Refusal::invalid("subject_token is not valid")
}

/// The same, for a token whose session is known.
fn refused_of(session: &SessionView, reason: &'static str) -> Refusal {
    let evidence = Evidence::credential(reason);
    evidence.of_session(session.user_id, session.session_id).leave();
    refused()
}

/// Issues a token for [`EXCHANGED_FOR`] to the bearer of a token of this server that is for another audience. The new token does not outlive
/// the other one.
pub async fn exchange(
    app: &App,
    origin: &Origin,
    token: &str,
    lifetime: Lifetime,
    in_token: &InToken,
) -> Result<LoggedIn, Refusal> {
    let mut attempt = 1;
    loop {
        let session = match by_token(app, token, digest(token), Audiences::Any, origin.certificate()).await {
            Ok(session) => session,
            Err(refusal) if refusal.kind == RefusalKind::Unauthenticated => return Err(refused()),
            Err(refusal) => return Err(refusal),
        };
        // Whoever was handed such a token could copy it as often as they like, and a copy does not end with it.
        if session.face == EXCHANGED_FOR {
            return Err(refused_of(&session, "other_audience"));
        }
        let (state, seen) = app.executor.read::<Session>(session.session_id).await?;
        let (_, user_seen) = app.executor.read::<User>(session.user_id).await?;
        // What has ended the session of a user is known by now, or the append notices it.
        app.ledger().follower().catch_up().await?;
        let authorization = app.ledger().authorization();
        let is_good = state.is_live() && authorization.bearer(&digest(token)).is_some();
        if !is_good {
            return Err(refused_of(&session, "ended_token"));
        }
        if let Some(duty) = authorization.duty(session.user_id) {
            return Err(refused_of(&session, duty.code()));
        }
        let username = authorization.username(session.user_id).unwrap_or_default();
        let issue = Issue {
            username: &username,
            user: session.user_id,
            session: SessionId(app.entropy.uuid()),
            audience: EXCHANGED_FOR,
            lifetime,
            not_after: Some(session.expires_at),
            label: &TokenLabel::default(),
            in_token,
            methods: session.methods.iter().collect(),
        };
        match issue.run(app, origin, None, &[seen, user_seen]).await {
            Err(error) if is_conflict(&error) && attempt < ATTEMPTS => attempt += 1,
            issued => return Ok(issued?),
        }
    }
}
