//! `DELETE /api/v1/api-key/{id}`

use aggregates::values::ApiKeyId;
use axum::{Json, extract::State};
use server::{App, PathOf, Permitted, Refusal, Wrote, organisations::revoke_api_key};

use crate::{
    guard::{Person, USER_ADMIN},
    list::numeric,
    wire::{Affected, ONE},
};

/// Revokes an API key. From then on it is no credential.
#[utoipa::path(delete, operation_id = "os2iot_delete_api_key", path = "/api/v1/api-key/{id}", tag = "os2iot",
    params(("id" = String, Path, description = "The number of the key", example = "9")),
    responses((status = 200, description = "It was revoked", body = Affected)))]
pub(crate) async fn delete_api_key(
    State(app): State<App>,
    Permitted(caller, _): Permitted<Person<USER_ADMIN>>,
    PathOf(id): PathOf<String>,
) -> Result<Wrote<Json<Affected>>, Refusal> {
    let id = ApiKeyId::of(numeric(&id)?);
    let appended = revoke_api_key(&app, &caller, id).await?;
    Ok(Wrote(appended.position, Json(ONE)))
}
