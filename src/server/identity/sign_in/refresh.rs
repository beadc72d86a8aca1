//! Access tokens, and refresh tokens, for a refresh token.

use std::time::Duration;

use aggregates::{
    Command,
    session::SessionCommand,
    sign_in::{Presented, SignIn, SignInCommand, SignInEnd},
    user::User,
    values::{GrantMethod, SignInId, Timestamp, UserId},
};
use projections::sql::Boxed;

use super::{SignedIn, issue, sign_out::endings};
use crate::{
    app::App,
    caller::Origin,
    evidence::Evidence,
    identity::{IdentityError, is_conflict, tokens::SmallRefresh},
};

/// How often a refresh is decided again because others used the same sign-in meanwhile.
const ATTEMPTS: u32 = 32;

/// A refresh token, and what it should lead to.
pub struct RefreshRequest<'a> {
    /// The refresh token.
    pub token: &'a str,
    /// Whether another refresh token should take its place.
    pub rotate: bool,
    /// How long the access token is valid.
    pub access: Duration,
}

/// A new access token for a refresh token. With `rotate`, the active refresh token is replaced. Its parent leads to the same successor, since the
/// client may not have received the answer. An older one ends the sign-in: somebody has a copy.
pub fn refresh<'a>(
    app: &'a App,
    request: RefreshRequest<'a>,
    origin: &'a Origin,
) -> Boxed<'a, Result<SignedIn, IdentityError>> {
    Box::pin(async move {
        let shown = app.small_tokens().verify_refresh(request.token);
        let shown = shown.ok_or_else(|| {
            Evidence::credential("invalid_token").leave();
            IdentityError::BadToken
        })?;
        let mut attempt = 1;
        loop {
            match once(app, shown, &request, origin).await {
                Err(error) if is_conflict(&error) && attempt < ATTEMPTS => attempt += 1,
                refreshed => return refreshed,
            }
        }
    })
}

async fn once(
    app: &App,
    shown: SmallRefresh,
    request: &RefreshRequest<'_>,
    origin: &Origin,
) -> Result<SignedIn, IdentityError> {
    let (id, now) = (shown.sign_in, app.clock.now());
    let (state, seen) = app.executor.read::<SignIn>(id).await?;
    let refused = |reason| {
        let evidence = Evidence::credential(reason);
        evidence.of_token(state.user_id, id.session(state.issued)).leave();
        Err(IdentityError::BadToken)
    };
    let (Some(user), presented) = (state.user_id, state.presented(shown.generation)) else {
        return refused("ended_token");
    };
    match presented {
        Presented::Active | Presented::Parent => {}
        Presented::Older => {
            let commands = endings(id, &state, SignInEnd::Reused, now);
            let metadata = origin.metadata(user);
            app.executor
                .execute_unless_changed(commands, &metadata, &[seen])
                .await?;
            return refused("reused_token");
        }
        Presented::Ended => return refused("ended_token"),
    }
    if shown.exp <= now.seconds() || state.expires_at <= now {
        return refused("expired_token");
    }
    let (of_user, user_seen) = app.executor.read::<User>(user).await?;
    if !still_signed_in(app, &of_user, user, &state, origin).await? {
        return refused("ended_token");
    }
    let rotates = request.rotate && presented == Presented::Active;
    let next = Next::of(app, id, &state, rotates, now)?;
    let number = state.next_access();
    let expires_at = now.plus(request.access);
    let (access, fingerprint) = app.small_tokens().access(id.session(number), user, expires_at)?;
    let mut commands = next.commands;
    commands.push(Command::SignIn(
        id,
        SignInCommand::IssueAccess { now, expires_at },
    ));
    let session = state.crowded_out(id, now);
    commands.extend(session.map(|session| Command::Session(session, SessionCommand::EndToken)));
    commands.push(issue((id, number), user, origin, fingerprint, (now, expires_at)));
    let metadata = origin.metadata(user);
    let unchanged = [seen, user_seen];
    let executed = app
        .executor
        .execute_unless_changed(commands, &metadata, &unchanged);
    Ok(SignedIn {
        user,
        access,
        refresh: next.token,
        position: executed.await?.position,
    })
}

/// The refresh token of the answer, and the commands that make it the active one.
struct Next {
    token: String,
    commands: Vec<Command>,
}

impl Next {
    fn of(
        app: &App,
        id: SignInId,
        state: &SignIn,
        rotates: bool,
        now: Timestamp,
    ) -> Result<Self, IdentityError> {
        if !rotates {
            return Ok(Self {
                token: app
                    .small_tokens()
                    .refresh(id, state.generation, state.expires_at)?,
                commands: Vec::new(),
            });
        }
        let expires_at = now.plus_hours(state.hours.into());
        let generation = state.generation.saturating_add(1);
        Ok(Self {
            token: app.small_tokens().refresh(id, generation, expires_at)?,
            commands: vec![Command::SignIn(id, SignInCommand::Rotate { now, expires_at })],
        })
    }
}

/// Whether what the password proved has not ended since, and the user may still log in by it.
async fn still_signed_in(
    app: &App,
    state: &User,
    user: UserId,
    sign_in: &SignIn,
    origin: &Origin,
) -> Result<bool, IdentityError> {
    app.ledger().follower().catch_up().await?;
    let authorization = app.ledger().authorization();
    let may_log_in = match origin.user_of_certificate(app) {
        Some(of_certificate) if of_certificate == user => state.may_log_in_by_password_and_certificate(),
        Some(_) | None => state.may_log_in_by_password(),
    };
    let proved = authorization.still_proved(user, GrantMethod::Password, sign_in.proved_at);
    Ok(may_log_in && proved && state.second_factor.is_none())
}
