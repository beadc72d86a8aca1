//! What most handlers of changes end with.

use aggregates::Command;
use axum::http::StatusCode;
use ledger::ExecuteError;

use crate::{app::App, caller::Caller, position::Wrote, refusal::Refusal};

/// Executes the commands of a caller as one unit, and answers 204.
pub async fn done(app: &App, caller: &Caller, commands: Vec<Command>) -> Result<Wrote<StatusCode>, Refusal> {
    let appended = app.executor.execute(commands, &caller.metadata()).await?;
    Ok(Wrote(appended.position, StatusCode::NO_CONTENT))
}

/// The same for commands about several things: the refusal of one of them names the thing.
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

/// The refusal of one of several commands, with the name of what it is about.
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
