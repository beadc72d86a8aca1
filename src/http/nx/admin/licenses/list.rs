//! `GET /auth/admin/licenses`

use aggregates::values::OrganisationId;
use axum::{Json, extract::State, response::Response};
use projections::licences::LicencesAmong;
use server::{App, Asks, ByPath, FreshAtStart, Query, Refusal, licences};

use crate::{
    list::{filter, order, part},
    wire::{AdminLicenseOut, admin_licenses_out},
};

/// The licences of all organisations, or of one.
#[utoipa::path(get, operation_id = "nx_admin_get_licenses", path = "/auth/admin/licenses", tag = "nx",
    params(
        ("Offset" = Option<String>, Query, description = "How many licences come before; default 0", example = "0"),
        ("Limit" = Option<String>, Query, description = "At most this many; default 100, and no more than 1,000", example = "100"),
        ("OrderBy" = Option<String>, Query, description = "Keys, separated by commas: `AgreementName` (without case), `LicenseKey`, `StartsAt`, \
            `ExpiresAt`; `-` before a key is the other direction", example = "AgreementName,-ExpiresAt"),
        ("q" = Option<String>, Query, description = "A part of the key, in any case", example = "7N42C"),
        ("Device" = Option<String>, Query, description = "The UUID of a device that has a seat"),
        ("Kind" = Option<String>, Query, description = "The kind of the agreement", example = "trial"),
        ("Agreement" = Option<String>, Query, description = "The name of the agreement", example = "Edge"),
        ("Organisation" = Option<String>, Query, description = "The UUID of an organisation")
    ),
    responses((status = 200, description = "The licences", body = Vec<AdminLicenseOut>)))]
pub(crate) async fn get_licenses(
    State(app): State<App>,
    asks: Asks<ByPath>,
    query: Query,
) -> Result<FreshAtStart<Response>, Refusal> {
    let (part, order, filter) = (part(&query)?, order(&query)?, filter(&query)?);
    let organisation = query.one("Organisation")?.map(OrganisationId::parse);
    let organisation = organisation.transpose()?;
    let turn = asks.turn(&app).await?;
    let answer = turn.answer(async move |_| {
        let among = match &organisation {
            Some(one) => LicencesAmong::Organisations(std::slice::from_ref(one)),
            None => LicencesAmong::All,
        };
        let found = licences::page(&app, among, &filter, &order, part).await?;
        Ok(Json(admin_licenses_out(&app, &found).await?))
    });
    answer.await
}
