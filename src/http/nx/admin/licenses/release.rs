//! `POST /auth/admin/licenses/{uuid}/release`

use axum::{extract::State, http::StatusCode};
use server::{App, ByPath, JsonBody, PathOf, Permitted, Refusal, SMALL_BODY, Wrote, licences::release};

use super::SeatIn;
use crate::message::Message;

/// Frees the seat of a device. If it has none, nothing happens.
#[utoipa::path(post, operation_id = "nx_post_release", path = "/auth/admin/licenses/{uuid}/release", tag = "nx", request_body = SeatIn,
    params(("uuid" = String, Path, format = "uuid", description = "Id of the licence")),
    responses(
        (status = 204, description = "Done"),
        (status = 404, description = "`unknown_licence`: there is no such licence", body = Message)
    ))]
pub(crate) async fn post_release(
    State(app): State<App>,
    Permitted(caller, ..): Permitted<ByPath>,
    PathOf(id): PathOf<String>,
    JsonBody(body): JsonBody<SeatIn, SMALL_BODY>,
) -> Result<Wrote<StatusCode>, Refusal> {
    let (licence, device) = body.seat(&id)?;
    let appended = release(&app, &caller, licence, device).await?;
    Ok(Wrote(appended.position, StatusCode::NO_CONTENT))
}
