//! `POST /auth/admin/licenses/{uuid}/suspend`

use aggregates::values::LicenceId;
use axum::{extract::State, http::StatusCode};
use server::{App, ByPath, PathOf, Permitted, Refusal, Wrote, licences::suspend};

use crate::message::Message;

/// Suspends the licence: no further device takes a seat. Devices that have one keep it.
#[utoipa::path(post, operation_id = "nx_post_suspend", path = "/auth/admin/licenses/{uuid}/suspend", tag = "nx",
    params(("uuid" = String, Path, format = "uuid", description = "Id of the licence")),
    responses(
        (status = 204, description = "Done"),
        (status = 404, description = "`unknown_licence`: there is no such licence", body = Message)
    ))]
pub(crate) async fn post_suspend(
    State(app): State<App>,
    Permitted(caller, ..): Permitted<ByPath>,
    PathOf(id): PathOf<String>,
) -> Result<Wrote<StatusCode>, Refusal> {
    let appended = suspend(&app, &caller, LicenceId::parse(&id)?).await?;
    Ok(Wrote(appended.position, StatusCode::NO_CONTENT))
}
