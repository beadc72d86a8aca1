//! `GET /api/v1/application/{id}`

use aggregates::values::ApplicationId;
use axum::{Json, extract::State};
use server::{App, PathOf, Permitted, Refusal, organisations::must};

use super::shown;
use crate::{
    guard::{PersonOrKey, READER},
    list::numeric,
    wire::ApplicationOut,
};

/// An application. Outside of what the caller may read, whether it exists does not show.
#[utoipa::path(get, operation_id = "os2iot_get_application", path = "/api/v1/application/{id}", tag = "os2iot",
    params(("id" = String, Path, description = "The number of the application", example = "5")),
    responses(
        (status = 200, description = "The application", body = ApplicationOut),
        (status = 404, description = "`MESSAGE.ID-DOES-NOT-EXIST`, for a global administrator")
    ))]
pub(crate) async fn get_application(
    State(app): State<App>,
    Permitted(caller, _): Permitted<PersonOrKey<READER>>,
    PathOf(id): PathOf<String>,
) -> Result<Json<ApplicationOut>, Refusal> {
    let id = ApplicationId::of(numeric(&id)?);
    must(
        &app,
        &caller,
        "os2iot-application",
        &id.ordinal().to_string(),
        "read",
    )?;
    Ok(Json(shown(&app, id).await?))
}
