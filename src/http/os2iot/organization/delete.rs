//! `DELETE /api/v1/organization/{id}`

use aggregates::values::OrganisationId;
use axum::{Json, extract::State};
use server::{App, PathOf, Permitted, Refusal, Wrote, organisations::delete_organisation};

use crate::{
    guard::{GLOBAL_ADMIN, Person},
    list::numeric,
    wire::{Affected, ONE},
};

/// Deletes an organisation with its groups and applications.
#[utoipa::path(delete, operation_id = "os2iot_delete_organization", path = "/api/v1/organization/{id}", tag = "os2iot",
    params(("id" = String, Path, description = "The number of the organisation", example = "3")),
    responses(
        (status = 200, description = "It was deleted", body = Affected),
        (status = 404, description = "`MESSAGE.ID-DOES-NOT-EXIST`")
    ))]
pub(crate) async fn delete_organization(
    State(app): State<App>,
    Permitted(caller, _): Permitted<Person<GLOBAL_ADMIN>>,
    PathOf(id): PathOf<String>,
) -> Result<Wrote<Json<Affected>>, Refusal> {
    let id = OrganisationId::of(numeric(&id)?);
    let appended = delete_organisation(&app, &caller, id).await?;
    Ok(Wrote(appended.position, Json(ONE)))
}
