//! `POST /auth/admin/licenses/{uuid}/resume`

use aggregates::values::LicenceId;
use axum::{extract::State, http::StatusCode};
use server::{App, ByPath, PathOf, Permitted, Refusal, Wrote, licences::resume};

use crate::message::Message;

/// Ends the suspension of the licence.
#[utoipa::path(post, operation_id = "nx_post_resume", path = "/auth/admin/licenses/{uuid}/resume", tag = "nx",
    params(("uuid" = String, Path, format = "uuid", description = "Id of the licence")),
    responses(
        (status = 204, description = "Done"),
        (status = 404, description = "`unknown_licence`: there is no such licence", body = Message)
    ))]
pub(crate) async fn post_resume(
    State(app): State<App>,
    Permitted(caller, ..): Permitted<ByPath>,
    PathOf(id): PathOf<String>,
) -> Result<Wrote<StatusCode>, Refusal> {
    let appended = resume(&app, &caller, LicenceId::parse(&id)?).await?;
    Ok(Wrote(appended.position, StatusCode::NO_CONTENT))
}
