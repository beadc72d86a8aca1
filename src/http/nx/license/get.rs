//! `GET /auth/license/{uuid}`

use axum::{Json, extract::State};
use server::{App, PathOf, Permitted, Refusal};

use super::readable;
use crate::{
    guard::ReadsLicences,
    wire::{LicenseOut, licenses_out},
};

/// A licence of an organisation whose licences the caller may read. Others are refused like one that does not exist.
#[utoipa::path(get, operation_id = "nx_get_license", path = "/auth/license/{uuid}", tag = "nx",
    params(("uuid" = String, Path, format = "uuid", description = "Id of the licence")),
    responses((status = 200, description = "The licence", body = LicenseOut)))]
pub(crate) async fn get_license(
    State(app): State<App>,
    Permitted(_caller, seen): Permitted<ReadsLicences>,
    PathOf(id): PathOf<String>,
) -> Result<Json<LicenseOut>, Refusal> {
    let found = readable(&app, &seen, &id).await?;
    let shown = licenses_out(&app, &[found]).await?.pop();
    shown.map(Json).ok_or_else(|| Refusal::not_found("licence"))
}
