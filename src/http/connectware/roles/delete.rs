//! `DELETE /api/roles/{id}` and `DELETE /api/roles`

use std::collections::HashMap;

use aggregates::{
    Command,
    role::RoleCommand,
    user::{UpdateUser, UserCommand},
    values::{RoleId, UserId},
};
use axum::{extract::State, http::StatusCode};
use projections::role_directory;

use ledger::ExecuteError;
use server::{Conflicts, JsonList, Missing, PathOf, Permitted, Problem, Refusals, Wrote, app::App};

/// Removes a role, from all who hold it too.
#[utoipa::path(delete, path = "/api/roles/{id}", tag = "roles",
    params(("id" = String, Path, description = "Id of the role")),
    responses((status = 204, description = "Done"), Refusals, Missing, Conflicts))]
pub async fn delete_role(
    State(app): State<App>,
    Permitted(caller): Permitted,
    PathOf(id): PathOf<String>,
) -> Result<Wrote<StatusCode>, Problem> {
    let commands = commands(&app, &[RoleId::parse(&id)?]).await?;
    let appended = app.executor.execute(commands, &caller.metadata()).await?;
    Ok(Wrote(appended.position, StatusCode::NO_CONTENT))
}

/// Removes several roles, all or none.
#[utoipa::path(delete, path = "/api/roles", tag = "roles",
    request_body(content = Vec<String>, description = "Ids of roles", example = json!(["6d756e69-6d65-4e74-8000-000000000002"])),
    responses((status = 204, description = "Done"), Refusals, Missing, Conflicts))]
pub async fn delete_roles(
    State(app): State<App>,
    Permitted(caller): Permitted,
    body: JsonList<String>,
) -> Result<Wrote<StatusCode>, Problem> {
    let ids = body.ids(RoleId::parse)?;
    let commands = commands(&app, &ids).await?;
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

/// What removes each of the roles: of a user's own permissions, their removal.
pub async fn commands(app: &App, ids: &[RoleId]) -> Result<Vec<Command>, Problem> {
    let existing = role_directory::existing(app.ledger().db(), ids).await?;
    let owners: HashMap<RoleId, Option<UserId>> =
        existing.into_iter().map(|role| (role.id, role.owner)).collect();
    ids.iter()
        .map(|id| match owners.get(id) {
            None => Err(Problem::not_found("role").about(id)),
            Some(None) => Ok(Command::Role(*id, RoleCommand::Delete)),
            Some(Some(user)) => {
                let none = UpdateUser {
                    permissions: Some(Vec::new()),
                    ..UpdateUser::default()
                };
                Ok(Command::User(*user, UserCommand::Update(none)))
            }
        })
        .collect()
}
