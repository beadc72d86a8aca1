//! `GET /api/roles/{id}`

use aggregates::values::RoleId;
use axum::{Json, extract::State};
use projections::role_directory;

use crate::wire::RoleOut;
use server::{App, ByPath, Missing, PathOf, Permitted, Refusal, Refusals};

/// One role.
#[utoipa::path(get, path = "/api/roles/{id}", tag = "roles",
    params(("id" = String, Path, format = "uuid", description = "Id of the role")),
    responses((status = 200, description = "The role", body = RoleOut), Refusals, Missing))]
pub(crate) async fn get_role(
    State(app): State<App>,
    _permitted: Permitted<ByPath>,
    PathOf(id): PathOf<String>,
) -> Result<Json<RoleOut>, Refusal> {
    let role = role_directory::find(app.ledger().db(), RoleId::parse(&id)?).await?;
    role.map(|role| Json(RoleOut::from(&role)))
        .ok_or_else(|| Refusal::not_found("role"))
}
