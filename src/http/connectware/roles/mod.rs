//! `/api/roles`

mod delete;
mod get;
mod list;
mod page;
mod permission;
mod permissions;
mod post;
mod put;

use aggregates::values::{RoleId, UserId};
use projections::role_directory;
use utoipa_axum::{router::OpenApiRouter, routes};

use self::{
    delete::RoleRemoval,
    permission::{PermissionChange, PermissionRemoval},
    post::NewRole,
    put::RoleChange,
};
use crate::wire::PermissionIn;
use server::{App, Refusal, Rehearsal};

/// The routes of this folder.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(post::post_role, list::get_roles, delete::delete_roles))
        .routes(routes!(page::get_roles_page))
        .routes(routes!(get::get_role, put::put_role, delete::delete_role))
        .routes(routes!(
            permissions::get_permissions,
            permissions::post_permission
        ))
        .routes(routes!(
            permission::get_permission,
            permission::put_permission,
            permission::delete_permission
        ))
}

/// The requests of this folder that can be rehearsed.
pub(super) const REHEARSALS: &[Rehearsal] = &[
    Rehearsal::with_body::<_, NewRole>("POST", "/api/roles"),
    Rehearsal::with_body::<_, RoleChange>("PUT", "/api/roles/{id}"),
    Rehearsal::without_body::<_, RoleRemoval>("DELETE", "/api/roles/{id}"),
    Rehearsal::with_body::<_, PermissionIn>("POST", "/api/roles/{id}/permissions"),
    Rehearsal::with_body::<_, PermissionChange>("PUT", "/api/roles/{id}/permissions/{pemId}"),
    Rehearsal::without_body::<_, PermissionRemoval>("DELETE", "/api/roles/{id}/permissions/{pemId}"),
];

/// The thing that a role id refers to.
enum Holder {
    /// A role.
    Role(RoleId),
    /// A user, whose own permissions are shown as a role.
    User(UserId),
}

/// Finds the thing that a role id refers to. Refuses with 404 if there is none.
async fn holder(app: &App, id: RoleId) -> Result<Holder, Refusal> {
    let found = role_directory::existing(app.ledger().db(), &[id]).await?;
    let found = found.first().ok_or_else(|| Refusal::not_found("role"))?;
    Ok(match found.owner {
        Some(user) => Holder::User(user),
        None => Holder::Role(id),
    })
}

/// The refusal of a change that a role allows but a user's own permissions do not.
fn users_own(user: UserId) -> Refusal {
    let message =
        format!("this role holds the own permissions of user {user}: change them through /api/users/{user}");
    Refusal::conflict("own_permissions", message)
}
