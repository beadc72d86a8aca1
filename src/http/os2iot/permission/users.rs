//! `GET /api/v1/permission/{id}/users`

use axum::{Json, extract::State, response::Response};
use projections::{accounts, accounts::AccountSort};
use server::{App, Asks, FreshAtStart, PathOf, Query, Refusal};

use super::readable;
use crate::{
    guard::{Person, READER},
    list::{ListOut, numeric, part, sorting},
    user::SORTS,
    wire::{UserOut, users_out},
};

/// The members of a group.
#[utoipa::path(get, operation_id = "os2iot_get_permission_users", path = "/api/v1/permission/{id}/users", tag = "os2iot",
    params(
        ("id" = String, Path, description = "The number of the group", example = "2"),
        ("limit" = Option<String>, Query, description = "At most this many; default 100", example = "100"),
        ("offset" = Option<String>, Query, description = "After this many; default 0", example = "0")
    ),
    responses((status = 200, description = "The users", body = ListOut<UserOut>)))]
pub(crate) async fn get_permission_users(
    State(app): State<App>,
    asks: Asks<Person<READER>>,
    PathOf(id): PathOf<String>,
    query: Query,
) -> Result<FreshAtStart<Response>, Refusal> {
    let (part, sorting) = (part(&query)?, sorting(&query, SORTS, AccountSort::Id)?);
    let id = numeric(&id)?;
    let turn = asks.turn(&app).await?;
    let group = readable(&app, asks.caller(), id).await?;
    let answer = turn.answer(async move |_| {
        let db = app.ledger().db();
        let found = accounts::members(db, group.id, sorting, part).await?;
        let shown = users_out(db, &found.rows, None).await?;
        Ok(Json(ListOut::of(&found, shown)))
    });
    answer.await
}
