//! `GET /api/v1/user/{id}`

use aggregates::values::AccountId;
use axum::{Json, extract::State};
use server::{App, PathOf, Permitted, Refusal, organisations::must};

use super::shown;
use crate::{
    guard::{Person, USER_ADMIN},
    list::numeric,
    wire::{Seen, UserOut},
};

/// A user of an organisation whose users the caller administers.
#[utoipa::path(get, operation_id = "os2iot_get_user", path = "/api/v1/user/{id}", tag = "os2iot",
    params(
        ("id" = String, Path, description = "The number of the user", example = "7"),
        ("extendedInfo" = Option<bool>, Query, description = "Ignored: the answer always has the groups")
    ),
    responses(
        (status = 200, description = "The user", body = UserOut),
        (status = 404, description = "`MESSAGE.ID-DOES-NOT-EXIST`, for a global administrator")
    ))]
pub(crate) async fn get_user(
    State(app): State<App>,
    Permitted(caller, reach): Permitted<Person<USER_ADMIN>>,
    PathOf(id): PathOf<String>,
) -> Result<Json<UserOut>, Refusal> {
    let id = AccountId::of(numeric(&id)?);
    must(&app, &caller, "os2iot-user", &id.ordinal().to_string(), "read")?;
    Ok(Json(shown(&app, id, &Seen::by(&reach)).await?))
}
