//! `GET /auth/licenses`

use axum::{Json, extract::State, response::Response};
use server::{App, Asks, FreshAtStart, Query, Refusal, licences};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    guard::{ReadsLicences, seen},
    list::{filter, order, part},
    wire::{LicenseOut, licenses_out},
};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(get_licenses))
}

/// The licences of the organisations whose licences the caller may read.
#[utoipa::path(get, operation_id = "nx_get_licenses", path = "/auth/licenses", tag = "nx",
    params(
        ("Offset" = Option<String>, Query, description = "How many licences come before; default 0", example = "0"),
        ("Limit" = Option<String>, Query, description = "At most this many; default 100, and no more than 1,000", example = "100"),
        ("OrderBy" = Option<String>, Query, description = "Keys, separated by commas: `AgreementName` (without case), `LicenseKey`, `StartsAt`, \
            `ExpiresAt`; `-` before a key is the other direction", example = "AgreementName,-ExpiresAt"),
        ("q" = Option<String>, Query, description = "A part of the key, in any case", example = "7N42C"),
        ("Device" = Option<String>, Query, description = "The UUID of a device that has a seat"),
        ("Kind" = Option<String>, Query, description = "The kind of the agreement", example = "trial"),
        ("Agreement" = Option<String>, Query, description = "The name of the agreement", example = "Edge")
    ),
    responses((status = 200, description = "The licences", body = Vec<LicenseOut>)))]
pub(crate) async fn get_licenses(
    State(app): State<App>,
    asks: Asks<ReadsLicences>,
    query: Query,
) -> Result<FreshAtStart<Response>, Refusal> {
    let (part, order, filter) = (part(&query)?, order(&query)?, filter(&query)?);
    let turn = asks.turn(&app).await?;
    let seen = seen(&app, asks.caller());
    let answer = turn.answer(async move |_| {
        let found = licences::page(&app, seen.among(), &filter, &order, part).await?;
        Ok(Json(licenses_out(&app, &found).await?))
    });
    answer.await
}
