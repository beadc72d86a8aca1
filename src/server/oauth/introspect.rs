//! Says what a token means (RFC 7662).

use aggregates::values::{Audience, SessionId, Timestamp, UserId};

use crate::{
    app::App,
    caller::by_token,
    identity::{Audiences, tokens::digest},
    refusal::{Refusal, RefusalKind},
};

/// A token that is valid.
#[derive(Clone, Debug)]
pub struct Introspected {
    /// The user.
    pub user: UserId,
    /// The name by which the user logs in.
    pub username: String,
    /// The session of the token.
    pub session: SessionId,
    /// The API for which it was issued.
    pub audience: Audience,
    /// Who issued it, as the token says. The small tokens of Nx do not say it.
    pub issuer: Option<String>,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// When it expires.
    pub expires_at: Timestamp,
}

/// What a token means, if its bearer may do something by it alone, whatever audience it is for. A token that counts only beside a
/// certificate, or whose user must do something else first, is not active: the asker cannot check the rest.
pub async fn introspect(app: &App, token: &str) -> Result<Option<Introspected>, Refusal> {
    let digest = digest(token);
    let session = match by_token(app, token, digest, Audiences::Any, None).await {
        Ok(session) => session,
        Err(refusal) if refusal.kind == RefusalKind::Unauthenticated => return Ok(None),
        Err(refusal) => return Err(refusal),
    };
    let authorization = app.ledger().authorization();
    let claims = app.tokens.verify(token, &digest, Audiences::One(session.face));
    let username = authorization.username(session.user_id);
    let introspected = username.map(|username| Introspected {
        user: session.user_id,
        username,
        session: session.session_id,
        audience: session.face,
        issuer: claims.map(|claims| claims.iss),
        issued_at: session.issued_at,
        expires_at: session.expires_at,
    });
    let owes = authorization.duty(session.user_id).is_some();
    app.fresh()?;
    Ok(introspected.filter(|_| !owes))
}
