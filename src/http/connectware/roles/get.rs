//! `GET /api/roles/{id}`

use aggregates::values::RoleId;
use axum::{Json, extract::State, response::Response};
use projections::role_directory;

use crate::wire::RoleOut;
use server::{App, Asks, ByPath, FreshAtStart, Missing, PathOf, Refusal, Refusals};

/// One role.
#[utoipa::path(get, path = "/api/roles/{id}", tag = "roles",
    params(("id" = String, Path, format = "uuid", description = "Id of the role")),
    responses((status = 200, description = "The role", body = RoleOut), Refusals, Missing))]
pub(crate) async fn get_role(
    State(app): State<App>,
    asks: Asks<ByPath>,
    PathOf(id): PathOf<String>,
) -> Result<FreshAtStart<Response>, Refusal> {
    let id = RoleId::parse(&id)?;
    let turn = asks.turn(&app).await?;
    let read = turn.answer(async move |_| {
        let role = role_directory::find(app.ledger().db(), id).await?;
        role.map(|role| Json(RoleOut::from(&role)))
            .ok_or_else(|| Refusal::not_found("role"))
    });
    read.await
}
