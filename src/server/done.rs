//! The last step of most handlers that change something.

use std::fmt::Display;

use aggregates::Command;
use axum::http::StatusCode;

use crate::{app::App, caller::Caller, position::Wrote, refusal::Refusal};

/// Executes the commands of a caller as one unit, and answers 204.
pub async fn done(app: &App, caller: &Caller, commands: Vec<Command>) -> Result<Wrote<StatusCode>, Refusal> {
    let appended = caller.execute(app, commands).await?;
    Ok(Wrote(appended.position, StatusCode::NO_CONTENT))
}

/// Like [`done`], for commands about several things. If one command is refused, the refusal names its thing.
pub async fn done_about<T: Display>(
    app: &App,
    caller: &Caller,
    commands: Vec<Command>,
    things: &[T],
) -> Result<Wrote<StatusCode>, Refusal> {
    let appended = caller
        .execute_about(app, commands, |index| things.get(index))
        .await?;
    Ok(Wrote(appended.position, StatusCode::NO_CONTENT))
}
