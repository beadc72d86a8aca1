//! Callers who send a token: its session, and whether the token is enough.

use aggregates::values::{Audience, UserId};
use authorization::{Bearer, Methods, SessionView};

use crate::{
    app::App, evidence::Evidence, identity::tokens::TokenClaims, refusal::Refusal, tls::ClientCertificate,
};

/// The session of a token that is valid now, for this audience or for any.
pub(crate) async fn by_token(
    app: &App,
    token: &str,
    digest: [u8; 32],
    audience: Option<Audience>,
    certificate: Option<&ClientCertificate>,
) -> Result<SessionView, Refusal> {
    let bearer = known(app, token, digest, audience).await?;
    valid_session(app, bearer, audience, certificate)
}

/// The session of a token that has not ended, and whether the token is enough alone. The token may have expired, and may be for another audience.
pub(crate) async fn known(
    app: &App,
    token: &str,
    digest: [u8; 32],
    audience: Option<Audience>,
) -> Result<Bearer, Refusal> {
    let authorization = app.ledger().authorization();
    let verify = || {
        let claims = app.tokens.verify(token, &digest, audience);
        claims.ok_or_else(|| refused(Evidence::credential("invalid_token")))
    };
    match authorization.bearer(&digest) {
        Some(bearer) => {
            if !app.tokens.is_verified(&digest) {
                verify()?;
            }
            Ok(bearer)
        }
        None => {
            let TokenClaims { sub, jti, exp, .. } = verify()?;
            let refused =
                |reason| refused(Evidence::credential(reason).of_token(sub.user(authorization), jti));
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

/// The session, if its token is valid now and for the audience. If a token alone is not enough for the user, the client must also show
/// the user's certificate.
pub(super) fn valid_session(
    app: &App,
    bearer: Bearer,
    audience: Option<Audience>,
    certificate: Option<&ClientCertificate>,
) -> Result<SessionView, Refusal> {
    let Bearer { session, by_token } = bearer;
    let reason = if audience.is_some_and(|audience| session.face != audience) {
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
