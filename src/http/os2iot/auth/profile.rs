//! `GET /api/v1/auth/profile`

use axum::{Json, extract::State};
use serde::Serialize;
use server::{App, Caller, Refusal};
use utoipa::ToSchema;

use super::own_account;

/// What the caller's token says.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Os2iotProfile)]
pub(crate) struct ProfileOut {
    /// The number of the user.
    sub: u32,
    /// The name by which they log in.
    username: String,
}

/// Who the caller is.
#[utoipa::path(get, operation_id = "os2iot_get_profile", path = "/api/v1/auth/profile", tag = "os2iot", responses(
    (status = 200, description = "The user", body = ProfileOut)
))]
pub(crate) async fn get_profile(State(app): State<App>, caller: Caller) -> Result<Json<ProfileOut>, Refusal> {
    let (id, account) = own_account(&app, &caller).await?;
    let username = app.ledger().authorization().username(caller.user);
    let out = ProfileOut {
        sub: id.ordinal().get(),
        username: account.email.or(username).unwrap_or_default(),
    };
    Ok(Json(out))
}
