//! `POST /auth/admin/licenses/{uuid}/assign`

use axum::{extract::State, http::StatusCode};
use server::{App, ByPath, JsonBody, PathOf, Permitted, Refusal, SMALL_BODY, Wrote, licences::assign};

use super::SeatIn;
use crate::message::Message;

/// Gives a seat to a device. A device that has one keeps it, unless the licence has expired. If all seats are taken, or if the licence is suspended or
/// has expired, the answer is a 409.
#[utoipa::path(post, operation_id = "nx_post_assign", path = "/auth/admin/licenses/{uuid}/assign", tag = "nx", request_body = SeatIn,
    params(("uuid" = String, Path, format = "uuid", description = "Id of the licence")),
    responses(
        (status = 204, description = "Done"),
        (status = 404, description = "`unknown_licence`: there is no such licence", body = Message),
        (status = 409, description = "`licence_full`, `licence_suspended` or `licence_expired`", body = Message)
    ))]
pub(crate) async fn post_assign(
    State(app): State<App>,
    Permitted(caller, ..): Permitted<ByPath>,
    PathOf(id): PathOf<String>,
    JsonBody(body): JsonBody<SeatIn, SMALL_BODY>,
) -> Result<Wrote<StatusCode>, Refusal> {
    let (licence, device) = body.seat(&id)?;
    let appended = assign(&app, &caller, licence, device).await?;
    Ok(Wrote(appended.position, StatusCode::NO_CONTENT))
}
