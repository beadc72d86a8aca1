//! `POST /auth/admin/licenses/{uuid}/sign`

use aggregates::values::LicenceId;
use axum::{extract::State, http::StatusCode};
use server::{App, ByPath, PathOf, Permitted, Refusal, Wrote, licences::sign};

use crate::message::Message;

/// Signs the licence in the name of the caller. Who has signed it may do so again; nobody else may.
#[utoipa::path(post, operation_id = "nx_post_sign", path = "/auth/admin/licenses/{uuid}/sign", tag = "nx",
    params(("uuid" = String, Path, format = "uuid", description = "Id of the licence")),
    responses(
        (status = 204, description = "Done"),
        (status = 404, description = "`unknown_licence`: there is no such licence", body = Message),
        (status = 409, description = "`licence_signed`: another user has signed it; or `licence_expired`", body = Message)
    ))]
pub(crate) async fn post_sign(
    State(app): State<App>,
    Permitted(caller, ..): Permitted<ByPath>,
    PathOf(id): PathOf<String>,
) -> Result<Wrote<StatusCode>, Refusal> {
    let appended = sign(&app, &caller, LicenceId::parse(&id)?).await?;
    Ok(Wrote(appended.position, StatusCode::NO_CONTENT))
}
