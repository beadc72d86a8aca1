//! `/auth/license/{uuid}`

mod file;
mod get;

use aggregates::values::LicenceId;
use projections::licences::{self, LicenceRow};
use server::{App, Refusal};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::guard::Seen;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(get::get_license))
        .routes(routes!(file::get_license_file))
}

/// A licence that the caller may read. Others are refused like one that does not exist.
async fn readable(app: &App, seen: &Seen, id: &str) -> Result<LicenceRow, Refusal> {
    let found = licences::find(app.ledger().db(), LicenceId::parse(id)?).await?;
    let found = found.filter(|row| seen.has(row.organisation));
    found.ok_or_else(|| Refusal::not_found("licence"))
}
