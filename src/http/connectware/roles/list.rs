//! `GET /api/roles`

use axum::{Json, extract::State, response::Response};
use projections::role_directory;

use crate::wire::RoleOut;
use server::{App, Asks, ByPath, FreshAtStart, Query, Refusal, Refusals};

/// All roles, or the one of a name.
#[utoipa::path(get, path = "/api/roles", tag = "roles",
    params(("name[eq]" = Option<String>, Query, description = "Only the role of this name", example = "connectware-admin")),
    responses((status = 200, description = "Roles", body = Vec<RoleOut>), Refusals))]
pub(crate) async fn get_roles(
    State(app): State<App>,
    asks: Asks<ByPath>,
    query: Query,
) -> Result<FreshAtStart<Response>, Refusal> {
    let name = query.one("name[eq]")?.map(str::to_owned);
    let turn = asks.turn(&app).await?;
    let read = turn.answer(async move |_| {
        let roles = role_directory::list(app.ledger().db(), name.as_deref()).await?;
        Ok(Json(roles.iter().map(RoleOut::from).collect::<Vec<_>>()))
    });
    read.await
}
