//! `/api/roles/{id}/permissions`

use aggregates::{Command, role::RoleCommand, user::UserCommand, values::RoleId};
use axum::{Json, extract::State, http::StatusCode, response::Response};
use projections::role_directory;

use super::{Holder, holder};
use crate::wire::{PermissionIn, PermissionOut};
use server::{
    App, Asks, ByPath, Conflicts, FreshAtStart, JsonBody, Missing, PathOf, Permitted, Refusal, Refusals,
    Rehearse, Wrote, done,
};

/// A role's permissions.
#[utoipa::path(get, path = "/api/roles/{id}/permissions", tag = "roles",
    params(("id" = String, Path, format = "uuid", description = "Id of the role")),
    responses((status = 200, description = "Permissions", body = Vec<PermissionOut>), Refusals, Missing))]
pub(crate) async fn get_permissions(
    State(app): State<App>,
    asks: Asks<ByPath>,
    PathOf(id): PathOf<String>,
) -> Result<FreshAtStart<Response>, Refusal> {
    let id = RoleId::parse(&id)?;
    let turn = asks.turn(&app).await?;
    let read = turn.answer(async move |_| {
        let role = role_directory::find(app.ledger().db(), id).await?;
        let role = role.ok_or_else(|| Refusal::not_found("role"))?;
        let permissions = role.permissions.iter().map(PermissionOut::from);
        Ok(Json(permissions.collect::<Vec<_>>()))
    });
    read.await
}

/// Gives a role one more permission. One it gives already changes nothing. The new id is not answered.
#[utoipa::path(post, path = "/api/roles/{id}/permissions", tag = "roles",
    params(("id" = String, Path, format = "uuid", description = "Id of the role")), request_body = PermissionIn,
    responses((status = 204, description = "Done"), Refusals, Missing, Conflicts))]
pub(crate) async fn post_permission(
    State(app): State<App>,
    Permitted(caller, ..): Permitted<ByPath>,
    PathOf(id): PathOf<String>,
    JsonBody(body): JsonBody<PermissionIn>,
) -> Result<Wrote<StatusCode>, Refusal> {
    done(&app, &caller, body.rehearse(&app, [&id]).await?).await
}

impl Rehearse<1> for PermissionIn {
    const COMPARABLE: bool = true;

    async fn rehearse(self, app: &App, [id]: [&str; 1]) -> Result<Vec<Command>, Refusal> {
        let id = RoleId::parse(id)?;
        let permission = self.parse(app.entropy.as_ref())?;
        Ok(vec![match holder(app, id).await? {
            Holder::Role(id) => Command::Role(id, RoleCommand::AddPermission(permission)),
            Holder::User(user) => Command::User(user, UserCommand::GrantPermission(permission)),
        }])
    }
}
