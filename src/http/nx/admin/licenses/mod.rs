//! `/auth/admin/licenses`

mod assign;
mod get;
mod list;
mod post;
mod release;
mod resume;
mod sign;
mod suspend;

use aggregates::values::{DeviceId, LicenceId};
use projections::licences;
use serde::Deserialize;
use server::{App, Refusal};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::wire::{AdminLicenseOut, admin_licenses_out};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list::get_licenses))
        .routes(routes!(post::post_license))
        .routes(routes!(get::get_license))
        .routes(routes!(assign::post_assign))
        .routes(routes!(release::post_release))
        .routes(routes!(sign::post_sign))
        .routes(routes!(suspend::post_suspend))
        .routes(routes!(resume::post_resume))
}

/// The device that takes or frees a seat.
#[derive(Deserialize, ToSchema)]
#[schema(as = NxSeat)]
pub(crate) struct SeatIn {
    /// The device: any UUID. If it is the id of a user of this server, the seat is freed when the user is deleted or revoked.
    #[serde(rename = "DeviceUUID")]
    #[schema(example = "0a0b0c0d-0000-4000-8000-000000000001")]
    device: String,
}

impl SeatIn {
    /// The licence of the path, and the device.
    fn seat(&self, licence: &str) -> Result<(LicenceId, DeviceId), Refusal> {
        Ok((LicenceId::parse(licence)?, DeviceId::parse(&self.device)?))
    }
}

/// A licence as it is now.
async fn shown(app: &App, id: LicenceId) -> Result<AdminLicenseOut, Refusal> {
    let found = licences::find(app.ledger().db(), id).await?;
    let found = found.ok_or_else(|| Refusal::not_found("licence"))?;
    let shown = admin_licenses_out(app, &[found]).await?.pop();
    shown.ok_or_else(|| Refusal::not_found("licence"))
}
