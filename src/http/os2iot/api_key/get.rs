//! `GET /api/v1/api-key/{id}`

use aggregates::values::ApiKeyId;
use axum::{Json, extract::State};
use server::{App, PathOf, Permitted, Refusal, organisations::must};

use super::shown;
use crate::{
    guard::{Person, USER_ADMIN},
    list::numeric,
    wire::{ApiKeyOut, Seen},
};

/// An API key, without the key itself.
#[utoipa::path(get, operation_id = "os2iot_get_api_key", path = "/api/v1/api-key/{id}", tag = "os2iot",
    params(("id" = String, Path, description = "The number of the key", example = "9")),
    responses((status = 200, description = "The key", body = ApiKeyOut)))]
pub(crate) async fn get_api_key(
    State(app): State<App>,
    Permitted(caller, reach): Permitted<Person<USER_ADMIN>>,
    PathOf(id): PathOf<String>,
) -> Result<Json<ApiKeyOut>, Refusal> {
    let id = ApiKeyId::of(numeric(&id)?);
    must(&app, &caller, "os2iot-api-key", &id.ordinal().to_string(), "read")?;
    Ok(Json(shown(&app, id, &Seen::by(&reach)).await?))
}
