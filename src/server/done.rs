//! The last step of most handlers that change something.

use aggregates::Command;
use axum::http::StatusCode;
use ledger::ExecuteError;

use crate::{app::App, caller::Caller, position::Wrote, refusal::Refusal};

/// Executes the commands of a caller as one unit, and answers 204.
pub async fn done(app: &App, caller: &Caller, commands: Vec<Command>) -> Result<Wrote<StatusCode>, Refusal> {
    let appended = app.executor.execute(commands, &caller.metadata()).await?;
    Ok(Wrote(appended.position, StatusCode::NO_CONTENT))
}

/// Like [`done`], for commands about several things. If one command is refused, the refusal names its thing.
pub async fn done_about<T: std::fmt::Display>(
    app: &App,
    caller: &Caller,
    commands: Vec<Command>,
    things: &[T],
) -> Result<Wrote<StatusCode>, Refusal> {
    let executed = app.executor.execute(commands, &caller.metadata()).await;
    let appended = executed.map_err(|error| about(error, |index| things.get(index)))?;
    Ok(Wrote(appended.position, StatusCode::NO_CONTENT))
}

/// The refusal of one of several commands. It names the thing that the command is about.
pub fn about<T: std::fmt::Display>(error: ExecuteError, name: impl FnOnce(usize) -> Option<T>) -> Refusal {
    match error {
        ExecuteError::Domain { index, error } => {
            let refusal = Refusal::from(error);
            match name(index) {
                Some(name) => refusal.about(name),
                None => refusal,
            }
        }
        other => other.into(),
    }
}
