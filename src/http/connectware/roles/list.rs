//! `GET /api/roles`

use axum::{Json, extract::State};
use projections::role_directory;

use crate::wire::RoleOut;
use server::{App, ByPath, Permitted, Query, Refusal, Refusals};

/// All roles, or the one of a name.
#[utoipa::path(get, path = "/api/roles", tag = "roles",
    params(("name[eq]" = Option<String>, Query, description = "Only the role of this name", example = "connectware-admin")),
    responses((status = 200, description = "Roles", body = Vec<RoleOut>), Refusals))]
pub(crate) async fn get_roles(
    State(app): State<App>,
    _permitted: Permitted<ByPath>,
    query: Query,
) -> Result<Json<Vec<RoleOut>>, Refusal> {
    let roles = role_directory::list(app.ledger().db(), query.one("name[eq]")?).await?;
    Ok(Json(roles.iter().map(RoleOut::from).collect()))
}
