//! `/api/roles/{id}/permissions`

use aggregates::{Command, role::RoleCommand, user::UserCommand, values::RoleId};
use axum::{Json, extract::State, http::StatusCode};
use projections::role_directory;

use super::{Holder, holder};
use crate::wire::{PermissionIn, PermissionOut};
use server::{Conflicts, JsonBody, Missing, PathOf, Permitted, Problem, Refusals, Wrote, app::App};

/// A role's permissions.
#[utoipa::path(get, path = "/api/roles/{id}/permissions", tag = "roles",
    params(("id" = String, Path, description = "Id of the role")),
    responses((status = 200, description = "Permissions", body = Vec<PermissionOut>), Refusals, Missing))]
pub async fn get_permissions(
    State(app): State<App>,
    _permitted: Permitted,
    PathOf(id): PathOf<String>,
) -> Result<Json<Vec<PermissionOut>>, Problem> {
    let role = role_directory::find(app.ledger().db(), RoleId::parse(&id)?).await?;
    let role = role.ok_or_else(|| Problem::not_found("role"))?;
    Ok(Json(role.permissions.iter().map(PermissionOut::from).collect()))
}

/// Gives a role one more permission. One it gives already changes nothing. The new id is not answered.
#[utoipa::path(post, path = "/api/roles/{id}/permissions", tag = "roles",
    params(("id" = String, Path, description = "Id of the role")), request_body = PermissionIn,
    responses((status = 204, description = "Done"), Refusals, Missing, Conflicts))]
pub async fn post_permission(
    State(app): State<App>,
    Permitted(caller): Permitted,
    PathOf(id): PathOf<String>,
    JsonBody(body): JsonBody<PermissionIn>,
) -> Result<Wrote<StatusCode>, Problem> {
    let command = addition(&app, &id, &body).await?;
    let appended = app.executor.execute(vec![command], &caller.metadata()).await?;
    Ok(Wrote(appended.position, StatusCode::NO_CONTENT))
}

/// The command that gives the role one more permission.
pub async fn addition(app: &App, id: &str, sent: &PermissionIn) -> Result<Command, Problem> {
    let id = RoleId::parse(id)?;
    let permission = sent.parse(app.entropy.as_ref())?;
    Ok(match holder(app, id).await? {
        Holder::Role(id) => Command::Role(id, RoleCommand::AddPermission(permission)),
        Holder::User(user) => Command::User(user, UserCommand::GrantPermission(permission)),
    })
}
