//! `/api/users/{id}/roles`

use aggregates::{
    Command,
    user::UserCommand,
    values::{RoleId, UserId},
};
use axum::{extract::State, http::StatusCode};
use serde::Deserialize;
use utoipa::ToSchema;

use super::role_grants;
use server::{Conflicts, JsonBody, Missing, PathOf, Permitted, Problem, Refusals, Wrote, app::App};

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
    let commands = body.grant(&app, &id).await?;
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
    let command = body.revocation(&id)?;
    let appended = app.executor.execute(vec![command], &caller.metadata()).await?;
    Ok(Wrote(appended.position, StatusCode::NO_CONTENT))
}

impl RoleBody {
    /// The commands that give the user the role.
    pub async fn grant(&self, app: &App, user: &str) -> Result<Vec<Command>, Problem> {
        let user = UserId::parse(user)?;
        let grants = role_grants(app, &[RoleId::parse(&self.role_id)?]).await?;
        let command = |grant| Command::User(user, UserCommand::GrantRole(grant));
        Ok(grants.into_iter().map(command).collect())
    }

    /// The command that takes the role from the user.
    pub fn revocation(&self, user: &str) -> Result<Command, Problem> {
        let role_id = RoleId::parse(&self.role_id)?;
        Ok(Command::User(
            UserId::parse(user)?,
            UserCommand::RevokeRole { role_id },
        ))
    }
}
