//! `GET /api/v1/application/{id}/application-dashboard-data`

use aggregates::values::OrganisationId;
use axum::{Json, extract::State, response::Response};
use projections::{Part, Sorting, applications, applications::ApplicationSort};
use serde::Serialize;
use server::{App, Asks, FreshAtStart, PathOf, Refusal, organisations::reach};
use utoipa::ToSchema;

use super::Readable;
use crate::{
    guard::{PersonOrKey, READER},
    list::numeric,
};

/// How many applications there are.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Os2iotApplicationDashboard)]
pub(crate) struct DashboardOut {
    /// The applications that the caller may read.
    total: i64,
    /// Those with a silent device: always 0, since this server has no devices.
    with_error: i64,
    /// Their devices: always 0.
    total_devices: i64,
}

/// How many applications of an organisation the caller may read. Whoever may read none sees 0.
#[utoipa::path(get, operation_id = "os2iot_get_application_dashboard_data", path = "/api/v1/application/{id}/application-dashboard-data", tag = "os2iot",
    params(("id" = String, Path, description = "The number of the organisation, not of an application", example = "3")),
    responses((status = 200, description = "The counts", body = DashboardOut)))]
pub(crate) async fn get_application_dashboard_data(
    State(app): State<App>,
    asks: Asks<PersonOrKey<READER>>,
    PathOf(id): PathOf<String>,
) -> Result<FreshAtStart<Response>, Refusal> {
    let id = OrganisationId::of(numeric(&id)?);
    let turn = asks.turn(&app).await?;
    let readable = Readable::of(reach(&app, asks.caller()), Some(id))?;
    turn.answer(async move |_| {
        let by_id = Sorting {
            by: ApplicationSort::Id,
            descending: false,
        };
        let only_the_count = Part { offset: 0, limit: 0 };
        let db = app.ledger().db();
        let found = applications::page(db, readable.among(), by_id, only_the_count).await?;
        Ok(Json(DashboardOut {
            total: found.total,
            with_error: 0,
            total_devices: 0,
        }))
    })
    .await
}
