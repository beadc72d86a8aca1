//! `/api/users/{id}/roles`

use aggregates::{
    user::UserCommand,
    values::{RoleId, UserId},
};
use axum::{extract::State, http::StatusCode};
use serde::Deserialize;
use utoipa::ToSchema;

use super::role_grants;
use crate::{
    app::App,
    http::{Conflicts, JsonBody, Missing, PathOf, Permitted, Problem, Refusals, Wrote},
    ledger::Command,
};

/// Which role.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"roleId": "6d756e69-6d65-4e74-8000-000000000002"}))]
pub struct RoleBody {
    /// Id of the role, not its name.
    role_id: String,
}

/// Gives a user a role. One they hold already changes nothing.
#[utoipa::path(post, path = "/api/users/{id}/roles", tag = "users",
    params(("id" = String, Path, description = "Id of the user")), request_body = RoleBody,
    responses((status = 204, description = "Done"), Refusals, Missing, Conflicts))]
pub async fn post_role(
    State(app): State<App>,
    Permitted(caller): Permitted,
    PathOf(id): PathOf<String>,
    JsonBody(body): JsonBody<RoleBody>,
) -> Result<Wrote<StatusCode>, Problem> {
    let user = UserId::parse(&id)?;
    let grants = role_grants(&app, &[RoleId::parse(&body.role_id)?]).await?;
    let commands = grants
        .into_iter()
        .map(|grant| Command::User(user, UserCommand::GrantRole(grant)))
        .collect();
    let appended = app.executor.execute(commands, &caller.metadata()).await?;
    Ok(Wrote(appended.position, StatusCode::NO_CONTENT))
}

/// Takes a role from a user.
#[utoipa::path(delete, path = "/api/users/{id}/roles", tag = "users",
    params(("id" = String, Path, description = "Id of the user")), request_body = RoleBody,
    responses((status = 204, description = "Done"), Refusals, Missing, Conflicts))]
pub async fn delete_role(
    State(app): State<App>,
    Permitted(caller): Permitted,
    PathOf(id): PathOf<String>,
    JsonBody(body): JsonBody<RoleBody>,
) -> Result<Wrote<StatusCode>, Problem> {
    let role_id = RoleId::parse(&body.role_id)?;
    let command = Command::User(UserId::parse(&id)?, UserCommand::RevokeRole { role_id });
    let appended = app.executor.execute(vec![command], &caller.metadata()).await?;
    Ok(Wrote(appended.position, StatusCode::NO_CONTENT))
}
