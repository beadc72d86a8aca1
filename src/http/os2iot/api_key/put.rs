//! `PUT /api/v1/api-key/{id}`

use aggregates::values::ApiKeyId;
use axum::{Json, extract::State};
use server::{
    App, PathOf, Permitted, Refusal, Wrote,
    organisations::{KeyChange, change_api_key},
};

use super::{ApiKeyIn, shown};
use crate::{
    fields::FieldsOf,
    guard::{Person, USER_ADMIN},
    list::numeric,
    wire::{ApiKeyOut, Seen},
};

/// Changes an API key. The key itself never changes.
#[utoipa::path(put, operation_id = "os2iot_put_api_key", path = "/api/v1/api-key/{id}", tag = "os2iot", request_body = ApiKeyIn,
    params(("id" = String, Path, description = "The number of the key", example = "9")),
    responses((status = 200, description = "The key", body = ApiKeyOut)))]
pub(crate) async fn put_api_key(
    State(app): State<App>,
    Permitted(caller, reach): Permitted<Person<USER_ADMIN>>,
    PathOf(id): PathOf<String>,
    FieldsOf(body): FieldsOf<ApiKeyIn>,
) -> Result<Wrote<Json<ApiKeyOut>>, Refusal> {
    let id = ApiKeyId::of(numeric(&id)?);
    let change = KeyChange {
        groups: Some(body.groups()),
        name: body.name,
        expires_at: body.expires_on,
    };
    let appended = change_api_key(&app, &caller, id, change).await?;
    Ok(Wrote(
        appended.position,
        Json(shown(&app, id, &Seen::by(&reach)).await?),
    ))
}
