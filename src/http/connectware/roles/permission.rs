//! `/api/roles/{id}/permissions/{pemId}`

use aggregates::{
    Command,
    role::RoleCommand,
    user::UserCommand,
    values::{Operation, PermissionId, RoleId, TopicFilter},
};
use axum::{Json, extract::State, http::StatusCode};
use projections::role_directory;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{Holder, holder, users_own};
use crate::wire::PermissionOut;
use server::{
    App, ByPath, Conflicts, JsonBody, Missing, PathOf, Permitted, Refusal, Refusals, Rehearse, Wrote, done,
};

/// What to change of a permission; its context stays.
#[derive(Deserialize, ToSchema)]
#[schema(example = json!({"resource": "/api/users/#", "operation": "read"}))]
pub(crate) struct PermissionChange {
    resource: Option<String>,
    operation: Option<String>,
}

/// One permission of a role.
#[utoipa::path(get, path = "/api/roles/{id}/permissions/{pemId}", tag = "roles",
    params(("id" = String, Path, format = "uuid", description = "Id of the role"), ("pemId" = String, Path, format = "uuid", description = "Id of the permission")),
    responses((status = 200, description = "The permission", body = PermissionOut), Refusals, Missing))]
pub(crate) async fn get_permission(
    State(app): State<App>,
    _permitted: Permitted<ByPath>,
    PathOf((id, permission)): PathOf<(String, String)>,
) -> Result<Json<PermissionOut>, Refusal> {
    let (id, permission) = (RoleId::parse(&id)?, PermissionId::parse(&permission)?);
    let found = role_directory::find_permission(app.ledger().db(), id, permission).await?;
    found
        .map(|found| Json(PermissionOut::from(&found)))
        .ok_or_else(|| Refusal::not_found("permission of this role"))
}

/// Lets a permission of a role say something else.
#[utoipa::path(put, path = "/api/roles/{id}/permissions/{pemId}", tag = "roles",
    params(("id" = String, Path, format = "uuid", description = "Id of the role"), ("pemId" = String, Path, format = "uuid", description = "Id of the permission")),
    request_body = PermissionChange,
    responses((status = 204, description = "Done"), Refusals, Missing, Conflicts))]
pub(crate) async fn put_permission(
    State(app): State<App>,
    Permitted(caller, ..): Permitted<ByPath>,
    PathOf((id, permission)): PathOf<(String, String)>,
    JsonBody(body): JsonBody<PermissionChange>,
) -> Result<Wrote<StatusCode>, Refusal> {
    done(&app, &caller, body.rehearse(&app, [&id, &permission]).await?).await
}

/// Takes a permission from a role.
#[utoipa::path(delete, path = "/api/roles/{id}/permissions/{pemId}", tag = "roles",
    params(("id" = String, Path, format = "uuid", description = "Id of the role"), ("pemId" = String, Path, format = "uuid", description = "Id of the permission")),
    responses((status = 204, description = "Done"), Refusals, Missing, Conflicts))]
pub(crate) async fn delete_permission(
    State(app): State<App>,
    Permitted(caller, ..): Permitted<ByPath>,
    PathOf((id, permission)): PathOf<(String, String)>,
) -> Result<Wrote<StatusCode>, Refusal> {
    let commands = PermissionRemoval.rehearse(&app, [&id, &permission]).await?;
    done(&app, &caller, commands).await
}

impl Rehearse<2> for PermissionChange {
    const COMPARABLE: bool = true;

    async fn rehearse(self, app: &App, [role, permission]: [&str; 2]) -> Result<Vec<Command>, Refusal> {
        let (role, id) = (RoleId::parse(role)?, PermissionId::parse(permission)?);
        let resource = self.resource.as_deref().map(TopicFilter::parse).transpose()?;
        let operation = self.operation.as_deref().map(Operation::parse).transpose()?;
        match holder(app, role).await? {
            Holder::Role(role) => Ok(vec![Command::Role(
                role,
                RoleCommand::ChangePermission {
                    id,
                    resource,
                    operation,
                },
            )]),
            Holder::User(user) => Err(users_own(user)),
        }
    }
}

/// A request without a body.
#[derive(Default)]
pub(crate) struct PermissionRemoval;

impl Rehearse<2> for PermissionRemoval {
    const COMPARABLE: bool = true;

    async fn rehearse(self, app: &App, [role, permission]: [&str; 2]) -> Result<Vec<Command>, Refusal> {
        let (role, id) = (RoleId::parse(role)?, PermissionId::parse(permission)?);
        Ok(vec![match holder(app, role).await? {
            Holder::Role(role) => Command::Role(role, RoleCommand::RemovePermission { id }),
            Holder::User(user) => Command::User(user, UserCommand::RevokePermission { id }),
        }])
    }
}
