//! Ends a token for its bearer (RFC 7009).

use aggregates::{
    Command, DomainError,
    session::{SessionCommand, SessionError},
};
use ledger::ExecuteError;

use crate::{
    app::App,
    caller::{Origin, known},
    identity::{Audiences, tokens::digest},
    refusal::{Refusal, RefusalKind},
};

/// Ends the session of a token, whatever audience it is for: whoever has the token may do so, also if it counts only beside a certificate. A
/// token that is unknown or has ended is no error (section 2.2). Returns the position of the event, if there is one.
pub async fn revoke(app: &App, origin: &Origin, token: &str) -> Result<Option<i64>, Refusal> {
    let session = match known(app, token, digest(token), Audiences::Any).await {
        Ok(bearer) => bearer.session,
        Err(refusal) if refusal.kind == RefusalKind::Unauthenticated => return Ok(None),
        Err(refusal) => return Err(refusal),
    };
    if session.expires_at <= app.clock.now() {
        return Ok(None);
    }
    let command = Command::Session(session.session_id, SessionCommand::RevokeToken);
    let metadata = origin.metadata(session.user_id);
    match app.executor.execute(vec![command], &metadata).await {
        Ok(appended) => Ok(Some(appended.position)),
        // Another request has ended it meanwhile.
        Err(ExecuteError::Domain {
            error: DomainError::Session(SessionError::NotFound),
            ..
        }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
