//! `GET /api/v1/permission/{id}/applications`

use aggregates::values::ApplicationId;
use axum::{Json, extract::State, response::Response};
use projections::{
    applications,
    applications::{ApplicationSort, ApplicationsAmong},
    groups,
};
use server::{App, Asks, FreshAtStart, PathOf, Query, Refusal};

use super::readable;
use crate::{
    guard::{Person, READER},
    list::{ListOut, numeric, part, sorting},
    wire::{ApplicationOut, applications_out},
};

const SORTS: &[(&str, ApplicationSort)] = &[
    ("id", ApplicationSort::Id),
    ("name", ApplicationSort::Name),
    ("updatedAt", ApplicationSort::UpdatedAt),
];

/// The applications that are attached to a group.
#[utoipa::path(get, operation_id = "os2iot_get_permission_applications", path = "/api/v1/permission/{id}/applications", tag = "os2iot",
    params(
        ("id" = String, Path, description = "The number of the group", example = "2"),
        ("limit" = Option<String>, Query, description = "At most this many; default 100", example = "100"),
        ("offset" = Option<String>, Query, description = "After this many; default 0", example = "0"),
        ("orderOn" = Option<String>, Query, description = "`id`, `name` or `updatedAt`"),
        ("sort" = Option<String>, Query, description = "`ASC` or `DESC`")
    ),
    responses((status = 200, description = "The applications", body = ListOut<ApplicationOut>)))]
pub(crate) async fn get_permission_applications(
    State(app): State<App>,
    asks: Asks<Person<READER>>,
    PathOf(id): PathOf<String>,
    query: Query,
) -> Result<FreshAtStart<Response>, Refusal> {
    let (part, sorting) = (part(&query)?, sorting(&query, SORTS, ApplicationSort::Id)?);
    let id = numeric(&id)?;
    let turn = asks.turn(&app).await?;
    let group = readable(&app, asks.caller(), id).await?;
    let answer = turn.answer(async move |_| {
        let db = app.ledger().db();
        let attached = groups::applications_of(db, &[group.id]).await?;
        let ids: Vec<ApplicationId> = attached.into_values().flatten().collect();
        let found = applications::page(db, ApplicationsAmong::These(&ids), sorting, part).await?;
        let shown = applications_out(db, &found.rows).await?;
        Ok(Json(ListOut::of(&found, shown)))
    });
    answer.await
}
