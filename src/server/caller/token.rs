//! Callers who send a token: its session, and whether the token is enough.

use aggregates::values::UserId;
use authorization::{Bearer, Methods, SessionView};

use super::signed::{Signed, signed};
use crate::{app::App, evidence::Evidence, identity::Audiences, refusal::Refusal, tls::ClientCertificate};

/// The session of a token that is valid now, for one of these audiences.
pub(crate) async fn by_token(
    app: &App,
    token: &str,
    digest: [u8; 32],
    audiences: Audiences,
    certificate: Option<&ClientCertificate>,
) -> Result<SessionView, Refusal> {
    let bearer = known(app, token, digest, audiences).await?;
    valid_session(app, bearer, audiences, certificate)
}

/// The session of a token that has not ended, and whether the token is enough alone. The token may have expired, and may be for another audience.
pub(crate) async fn known(
    app: &App,
    token: &str,
    digest: [u8; 32],
    audiences: Audiences,
) -> Result<Bearer, Refusal> {
    let authorization = app.ledger().authorization();
    let verify = || {
        let signed = signed(app, token, &digest, audiences);
        signed.ok_or_else(|| refused(Evidence::credential("invalid_token")))
    };
    match authorization.bearer(&digest) {
        Some(bearer) => {
            if !app.tokens.is_verified(&digest) {
                verify()?;
            }
            Ok(bearer)
        }
        None => {
            let Signed { user, session, exp } = verify()?;
            let refused = |reason| {
                let evidence = Evidence::credential(reason);
                refused(match session {
                    Some(session) => evidence.of_token(user, session),
                    None => evidence.of_user(user),
                })
            };
            if exp <= app.clock.now().seconds() {
                return Err(refused("expired_token"));
            }
            if app.ended().has(&digest) {
                return Err(refused("ended_token"));
            }
            // The token is ours, but this node does not know it: another node issued it a moment ago, or it has ended.
            app.ledger().follower().catch_up().await?;
            authorization.bearer(&digest).ok_or_else(|| {
                app.ended().add(digest);
                refused("ended_token")
            })
        }
    }
}

/// The session, if its token is valid now and for one of the audiences. If a token alone is not enough for the user, the client must also show
/// the user's certificate.
pub(super) fn valid_session(
    app: &App,
    bearer: Bearer,
    audiences: Audiences,
    certificate: Option<&ClientCertificate>,
) -> Result<SessionView, Refusal> {
    let Bearer { session, by_token } = bearer;
    let reason = if !audiences.have(session.face) {
        "other_audience"
    } else if session.expires_at <= app.clock.now() {
        "expired_token"
    } else if !by_token && !completes(app, session.user_id, certificate) {
        "tokens_not_granted"
    } else {
        return Ok(session);
    };
    let evidence = Evidence::credential(reason);
    Err(refused(evidence.of_session(session.user_id, session.session_id)))
}

/// Whether a certificate completes what a token, or the password for it, proves.
pub(super) fn completes(app: &App, user: UserId, certificate: Option<&ClientCertificate>) -> bool {
    certificate.is_some_and(|certificate| certificate.completes(app, user, Methods::BY_TOKEN))
}

/// The refusal of a caller who did not prove who they are. It leaves evidence, and tells the caller nothing.
pub(super) fn refused(evidence: Evidence) -> Refusal {
    evidence.leave();
    Refusal::unauthenticated()
}
