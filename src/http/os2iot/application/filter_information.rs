//! `GET /api/v1/application/{id}/filter-information`

use aggregates::values::OrganisationId;
use axum::{Json, extract::State, response::Response};
use projections::applications;
use server::{App, Asks, FreshAtStart, PathOf, Refusal, organisations::reach};

use super::Readable;
use crate::{
    guard::{PersonOrKey, READER},
    list::{MOST, numeric},
};

/// The owners by which `GET /api/v1/application` can be filtered: those of the applications of an organisation that the caller may read, each
/// once. Applications without an owner add nothing.
#[utoipa::path(get, operation_id = "os2iot_get_filter_information", path = "/api/v1/application/{id}/filter-information", tag = "os2iot",
    params(("id" = String, Path, description = "The number of the organisation, not of an application", example = "3")),
    responses((status = 200, description = "The owners", body = Vec<String>)))]
pub(crate) async fn get_filter_information(
    State(app): State<App>,
    asks: Asks<PersonOrKey<READER>>,
    PathOf(id): PathOf<String>,
) -> Result<FreshAtStart<Response>, Refusal> {
    let id = OrganisationId::of(numeric(&id)?);
    let turn = asks.turn(&app).await?;
    let readable = Readable::of(reach(&app, asks.caller()), Some(id))?;
    turn.answer(async move |_| {
        let owners = applications::owners(app.ledger().db(), readable.among(), MOST).await?;
        Ok(Json(owners))
    })
    .await
}
