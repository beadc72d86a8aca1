//! `DELETE /api/session`

use aggregates::{
    Command, DomainError,
    session::{SessionCommand, SessionError},
};
use axum::{extract::State, http::StatusCode};
use ledger::ExecuteError;

use server::{App, Caller, Conflicts, Refusal, RefusalKind, Refusals, Wrote};

/// Logs out: ends the session of the token that the request carries. It needs no permission.
#[utoipa::path(delete, path = "/api/session", tag = "login",
    responses((status = 204, description = "The token is void"), Refusals, Conflicts))]
pub(crate) async fn delete_session(
    State(app): State<App>,
    caller: Caller,
) -> Result<Wrote<StatusCode>, Refusal> {
    let Some(session) = caller.session else {
        let message = "HTTP Basic has no session to end; only a token has one";
        return Err(Refusal::new(RefusalKind::Invalid, "no_session", message));
    };
    let command = Command::Session(session, SessionCommand::RevokeToken);
    match app.executor.execute(vec![command], &caller.metadata()).await {
        Ok(appended) => Ok(Wrote(appended.position, StatusCode::NO_CONTENT)),
        // Another request has revoked the token meanwhile. The client gets the same answer as if that had been earlier.
        Err(ExecuteError::Domain {
            error: DomainError::Session(SessionError::NotFound),
            ..
        }) => Err(Refusal::unauthenticated()),
        Err(error) => Err(error.into()),
    }
}
