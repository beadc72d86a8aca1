//! `GET /api/v1/kombitCreation/{id}`

use aggregates::values::AccountId;
use axum::{Json, extract::State};
use server::{
    App, Caller, PathOf, Refusal,
    organisations::{must, reach},
};

use crate::{
    auth::own_account,
    list::numeric,
    user::shown,
    wire::{Seen, UserOut},
};

/// The caller, or a user of an organisation whose users the caller administers. The published server shows any user.
#[utoipa::path(get, operation_id = "os2iot_get_kombit_user", path = "/api/v1/kombitCreation/{id}", tag = "os2iot",
    params(("id" = String, Path, description = "The number of the user", example = "7")),
    responses((status = 200, description = "The user", body = UserOut)))]
pub(crate) async fn get_kombit_user(
    State(app): State<App>,
    caller: Caller,
    PathOf(id): PathOf<String>,
) -> Result<Json<UserOut>, Refusal> {
    let id = AccountId::of(numeric(&id)?);
    let (caller_id, _) = own_account(&app, &caller).await?;
    let seen = match id == caller_id {
        true => Seen::All,
        false => {
            must(&app, &caller, "os2iot-user", &id.ordinal().to_string(), "read")?;
            Seen::by(&reach(&app, &caller))
        }
    };
    Ok(Json(shown(&app, id, &seen).await?))
}
