//! `DELETE /api/users/{id}` and `DELETE /api/users`

use aggregates::{Command, user::UserCommand, values::UserId};
use axum::{extract::State, http::StatusCode};

use ledger::ExecuteError;
use server::{Conflicts, JsonList, Missing, PathOf, Permitted, Problem, Refusals, Wrote, app::App};

/// Removes a user with all they hold; their tokens are void at once.
#[utoipa::path(delete, path = "/api/users/{id}", tag = "users",
    params(("id" = String, Path, description = "Id of the user")),
    responses((status = 204, description = "Done"), Refusals, Missing, Conflicts))]
pub async fn delete_user(
    State(app): State<App>,
    Permitted(caller): Permitted,
    PathOf(id): PathOf<String>,
) -> Result<Wrote<StatusCode>, Problem> {
    let appended = app
        .executor
        .execute(vec![command(&id)?], &caller.metadata())
        .await?;
    Ok(Wrote(appended.position, StatusCode::NO_CONTENT))
}

/// The command that removes the user.
pub fn command(id: &str) -> Result<Command, Problem> {
    Ok(Command::User(UserId::parse(id)?, UserCommand::Delete))
}

/// Removes several users, all or none.
#[utoipa::path(delete, path = "/api/users", tag = "users",
    request_body(content = Vec<String>, description = "Ids of users", example = json!(["0a0b0c0d-0000-4000-8000-000000000001"])),
    responses((status = 204, description = "Done"), Refusals, Missing, Conflicts))]
pub async fn delete_users(
    State(app): State<App>,
    Permitted(caller): Permitted,
    body: JsonList<String>,
) -> Result<Wrote<StatusCode>, Problem> {
    let ids = body.ids(UserId::parse)?;
    let commands = ids
        .iter()
        .map(|id| Command::User(*id, UserCommand::Delete))
        .collect();
    let appended = app
        .executor
        .execute(commands, &caller.metadata())
        .await
        .map_err(|error| match error {
            ExecuteError::Domain { index, error } => Problem::from(error).about(ids[index]),
            other => other.into(),
        })?;
    Ok(Wrote(appended.position, StatusCode::NO_CONTENT))
}
