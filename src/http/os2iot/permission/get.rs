//! `GET /api/v1/permission/{id}`

use aggregates::values::GroupId;
use axum::{Json, extract::State, response::Response};
use server::{App, Asks, FreshAtStart, PathOf, Refusal};

use super::{readable, shown};
use crate::{
    guard::{Person, READER},
    list::numeric,
    wire::GroupOut,
};

/// A user group with its members and applications.
#[utoipa::path(get, operation_id = "os2iot_get_permission", path = "/api/v1/permission/{id}", tag = "os2iot",
    params(("id" = String, Path, description = "The number of the group", example = "2")),
    responses(
        (status = 200, description = "The group", body = GroupOut),
        (status = 404, description = "`MESSAGE.ID-DOES-NOT-EXIST`, for a global administrator")
    ))]
pub(crate) async fn get_permission(
    State(app): State<App>,
    asks: Asks<Person<READER>>,
    PathOf(id): PathOf<String>,
) -> Result<FreshAtStart<Response>, Refusal> {
    let id = numeric(&id)?;
    let turn = asks.turn(&app).await?;
    readable(&app, asks.caller(), id).await?;
    turn.answer(async move |_| shown(&app, GroupId::of(id)).await.map(Json))
        .await
}
