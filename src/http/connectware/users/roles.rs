//! `/api/users/{id}/roles`

use aggregates::{
    Command,
    user::UserCommand,
    values::{RoleId, UserId},
};
use axum::{extract::State, http::StatusCode};
use serde::Deserialize;
use utoipa::ToSchema;

use server::{
    App, ByPath, Conflicts, JsonBody, Missing, PathOf, Permitted, Refusal, Refusals, Rehearse, Wrote, done,
    role_grants,
};

/// Which role.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"roleId": "6d756e69-6d65-4e74-8000-000000000002"}))]
pub(crate) struct RoleBody {
    /// Id of the role, not its name.
    #[schema(format = "uuid")]
    role_id: String,
}

/// The role to take away.
#[derive(Deserialize)]
#[serde(transparent)]
pub(crate) struct RevokedRole(RoleBody);

/// Gives a user a role. One they hold already changes nothing.
#[utoipa::path(post, path = "/api/users/{id}/roles", tag = "users",
    params(("id" = String, Path, format = "uuid", description = "Id of the user")), request_body = RoleBody,
    responses((status = 204, description = "Done"), Refusals, Missing, Conflicts))]
pub(crate) async fn post_role_of_user(
    State(app): State<App>,
    Permitted(caller, ..): Permitted<ByPath>,
    PathOf(id): PathOf<String>,
    JsonBody(body): JsonBody<RoleBody>,
) -> Result<Wrote<StatusCode>, Refusal> {
    done(&app, &caller, body.rehearse(&app, [&id]).await?).await
}

/// Takes a role from a user.
#[utoipa::path(delete, path = "/api/users/{id}/roles", tag = "users",
    params(("id" = String, Path, format = "uuid", description = "Id of the user")), request_body = RoleBody,
    responses((status = 204, description = "Done"), Refusals, Missing, Conflicts))]
pub(crate) async fn delete_role_of_user(
    State(app): State<App>,
    Permitted(caller, ..): Permitted<ByPath>,
    PathOf(id): PathOf<String>,
    JsonBody(body): JsonBody<RevokedRole>,
) -> Result<Wrote<StatusCode>, Refusal> {
    done(&app, &caller, body.rehearse(&app, [&id]).await?).await
}

impl Rehearse<1> for RoleBody {
    async fn rehearse(self, app: &App, [id]: [&str; 1]) -> Result<Vec<Command>, Refusal> {
        let user = UserId::parse(id)?;
        let grants = role_grants(app, &[RoleId::parse(&self.role_id)?]).await?;
        let command = |grant| Command::User(user, UserCommand::GrantRole(grant));
        Ok(grants.into_iter().map(command).collect())
    }
}

impl Rehearse<1> for RevokedRole {
    async fn rehearse(self, _: &App, [id]: [&str; 1]) -> Result<Vec<Command>, Refusal> {
        let role_id = RoleId::parse(&self.0.role_id)?;
        let user = UserId::parse(id)?;
        Ok(vec![Command::User(user, UserCommand::RevokeRole { role_id })])
    }
}
