//! `DELETE /api/v1/application/{id}`

use aggregates::values::ApplicationId;
use axum::{Json, extract::State};
use server::{App, PathOf, Permitted, Refusal, Wrote, organisations::delete_application as delete};

use crate::{
    guard::{APPLICATION_ADMIN, PersonOrKey},
    list::numeric,
    wire::{Affected, ONE},
};

/// Deletes an application.
#[utoipa::path(delete, operation_id = "os2iot_delete_application", path = "/api/v1/application/{id}", tag = "os2iot",
    params(("id" = String, Path, description = "The number of the application", example = "5")),
    responses((status = 200, description = "It was deleted", body = Affected)))]
pub(crate) async fn delete_application(
    State(app): State<App>,
    Permitted(caller, _): Permitted<PersonOrKey<APPLICATION_ADMIN>>,
    PathOf(id): PathOf<String>,
) -> Result<Wrote<Json<Affected>>, Refusal> {
    let id = ApplicationId::of(numeric(&id)?);
    let appended = delete(&app, &caller, id).await?;
    Ok(Wrote(appended.position, Json(ONE)))
}
