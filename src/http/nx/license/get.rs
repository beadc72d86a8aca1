//! `GET /auth/license/{uuid}`

use axum::{Json, extract::State};
use server::{App, PathOf, Permitted, Refusal};

use super::readable;
use crate::{
    guard::ReadsLicence,
    message::Message,
    wire::{LicenseOut, licenses_out},
};

/// A licence that the caller may read. Others are refused like one that does not exist.
#[utoipa::path(get, operation_id = "nx_get_license", path = "/auth/license/{uuid}", tag = "nx",
    params(("uuid" = String, Path, format = "uuid", description = "Id of the licence")),
    responses(
        (status = 200, description = "The licence", body = LicenseOut),
        (status = 404, description = "`not_found`: there is no such licence, or the caller may not read it", body = Message)
    ))]
pub(crate) async fn get_license(
    State(app): State<App>,
    Permitted(_caller, may): Permitted<ReadsLicence>,
    PathOf(id): PathOf<String>,
) -> Result<Json<LicenseOut>, Refusal> {
    let found = readable(&app, may, &id).await?;
    let shown = licenses_out(&app, &[found]).await?.pop();
    shown.map(Json).ok_or_else(|| Refusal::not_found("licence"))
}
