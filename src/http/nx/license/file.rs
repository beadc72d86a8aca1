//! `GET /auth/license/{uuid}/file`

use aggregates::values::DeviceId;
use axum::{extract::State, http::header, response::IntoResponse};
use server::{App, PathOf, Permitted, Query, Refusal, licences::file::file};

use super::readable;
use crate::{guard::ReadsLicence, message::Message};

/// The licence as a signed file (a JWS in its compact form), which a device checks with the keys of `/.well-known/jwks.json`. It ends with
/// the licence, but at the latest after `LICENCE_FILE_DAYS`. A licence that is suspended or has expired has no file.
#[utoipa::path(get, operation_id = "nx_get_license_file", path = "/auth/license/{uuid}/file", tag = "nx",
    params(
        ("uuid" = String, Path, format = "uuid", description = "Id of the licence"),
        ("Device" = Option<String>, Query, description = "The UUID of a device that has a seat: the file names it")
    ),
    responses(
        (status = 200, description = "The file", content_type = "application/jose", body = String),
        (status = 404, description = "`not_found`: there is no such licence, the caller may not read it, or the device has no seat", body = Message),
        (status = 409, description = "`licence_suspended`, `licence_expired`, or `licence_pending`: it begins after a file made now would end", body = Message)
    ))]
pub(crate) async fn get_license_file(
    State(app): State<App>,
    Permitted(_caller, may): Permitted<ReadsLicence>,
    PathOf(id): PathOf<String>,
    query: Query,
) -> Result<impl IntoResponse, Refusal> {
    let device = query.one("Device")?.map(DeviceId::parse).transpose()?;
    let licence = readable(&app, may, &id).await?;
    let signed = file(&app, &licence, device).await?;
    Ok(([(header::CONTENT_TYPE, "application/jose")], signed))
}
