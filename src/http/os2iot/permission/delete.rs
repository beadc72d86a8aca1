//! `DELETE /api/v1/permission/{id}`

use aggregates::values::GroupId;
use axum::{Json, extract::State};
use server::{App, PathOf, Permitted, Refusal, Wrote, organisations::dissolve_group};

use crate::{
    guard::{Person, USER_ADMIN},
    list::numeric,
    wire::{Affected, ONE},
};

/// Deletes a user group. Its members and its API keys lose it, and a key that has no other group is revoked.
#[utoipa::path(delete, operation_id = "os2iot_delete_permission", path = "/api/v1/permission/{id}", tag = "os2iot",
    params(("id" = String, Path, description = "The number of the group", example = "2")),
    responses(
        (status = 200, description = "It was deleted", body = Affected),
        (status = 400, description = "The group of global administrators stays")
    ))]
pub(crate) async fn delete_permission(
    State(app): State<App>,
    Permitted(caller, _): Permitted<Person<USER_ADMIN>>,
    PathOf(id): PathOf<String>,
) -> Result<Wrote<Json<Affected>>, Refusal> {
    let id = GroupId::of(numeric(&id)?);
    let appended = dissolve_group(&app, &caller, id).await?;
    Ok(Wrote(appended.position, Json(ONE)))
}
