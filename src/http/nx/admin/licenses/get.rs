//! `GET /auth/admin/licenses/{uuid}`

use aggregates::values::LicenceId;
use axum::{Json, extract::State};
use server::{App, ByPath, PathOf, Permitted, Refusal};

use super::shown;
use crate::{message::Message, wire::AdminLicenseOut};

/// A licence.
#[utoipa::path(get, operation_id = "nx_admin_get_license", path = "/auth/admin/licenses/{uuid}", tag = "nx",
    params(("uuid" = String, Path, format = "uuid", description = "Id of the licence")),
    responses(
        (status = 200, description = "The licence", body = AdminLicenseOut),
        (status = 404, description = "`not_found`: there is no such licence", body = Message)
    ))]
pub(crate) async fn get_license(
    State(app): State<App>,
    _: Permitted<ByPath>,
    PathOf(id): PathOf<String>,
) -> Result<Json<AdminLicenseOut>, Refusal> {
    Ok(Json(shown(&app, LicenceId::parse(&id)?).await?))
}
