//! `DELETE /api/users/{id}` and `DELETE /api/users`

use aggregates::{Command, user::UserCommand, values::UserId};
use axum::{extract::State, http::StatusCode};

use server::{
    App, ByPath, Conflicts, JsonList, Missing, PathOf, Permitted, Refusal, Refusals, Rehearse, Wrote, done,
    done_about,
};

/// Removes a user with all they hold; their tokens are void at once.
#[utoipa::path(delete, path = "/api/users/{id}", tag = "users",
    params(("id" = String, Path, format = "uuid", description = "Id of the user")),
    responses((status = 204, description = "Done"), Refusals, Missing, Conflicts))]
pub(crate) async fn delete_user(
    State(app): State<App>,
    Permitted(caller, ..): Permitted<ByPath>,
    PathOf(id): PathOf<String>,
) -> Result<Wrote<StatusCode>, Refusal> {
    done(&app, &caller, UserRemoval.rehearse(&app, [&id]).await?).await
}

/// A request without a body.
#[derive(Default)]
pub(crate) struct UserRemoval;

impl Rehearse<1> for UserRemoval {
    async fn rehearse(self, _: &App, [id]: [&str; 1]) -> Result<Vec<Command>, Refusal> {
        Ok(vec![Command::User(UserId::parse(id)?, UserCommand::Delete)])
    }
}

/// Removes several users, all or none.
#[utoipa::path(delete, path = "/api/users", tag = "users",
    request_body(content = server::Ids, description = "Ids of users", example = json!(["0a0b0c0d-0000-4000-8000-000000000001"])),
    responses((status = 204, description = "Done"), Refusals, Missing, Conflicts))]
pub(crate) async fn delete_users(
    State(app): State<App>,
    Permitted(caller, ..): Permitted<ByPath>,
    body: JsonList<String>,
) -> Result<Wrote<StatusCode>, Refusal> {
    let ids = body.ids(UserId::parse)?;
    let commands = ids
        .iter()
        .map(|id| Command::User(*id, UserCommand::Delete))
        .collect();
    done_about(&app, &caller, commands, &ids).await
}
