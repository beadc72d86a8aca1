//! `/auth/license/{uuid}`

mod file;
mod get;

use aggregates::values::LicenceId;
use projections::licences::{self, LicenceRow};
use server::{App, Refusal};
use utoipa_axum::{router::OpenApiRouter, routes};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(get::get_license))
        .routes(routes!(file::get_license_file))
}

/// A licence, if the caller may read it. Others are refused like one that does not exist.
async fn readable(app: &App, may: bool, id: &str) -> Result<LicenceRow, Refusal> {
    let id = LicenceId::parse(id)?;
    let found = match may {
        true => licences::find(app.ledger().db(), id).await?,
        false => None,
    };
    found.ok_or_else(|| Refusal::not_found("licence"))
}
