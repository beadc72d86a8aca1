//! `GET /api/v1/kombitCreation/{id}`

use aggregates::values::AccountId;
use axum::{Json, extract::State};
use projections::accounts;
use server::{App, AsOf, Caller, PathOf, Refusal, organisations::must};

use crate::{
    auth::own_account,
    list::numeric,
    wire::{UserOut, users_out},
};

/// The caller, or a user of an organisation whose users the caller administers. The published server shows any user.
#[utoipa::path(get, operation_id = "os2iot_get_kombit_user", path = "/api/v1/kombitCreation/{id}", tag = "os2iot",
    params(("id" = String, Path, description = "The number of the user", example = "7")),
    responses((status = 200, description = "The user", body = UserOut)))]
pub(crate) async fn get_kombit_user(
    State(app): State<App>,
    caller: Caller,
    PathOf(id): PathOf<String>,
) -> Result<AsOf<Json<UserOut>>, Refusal> {
    let position = app.ledger().authorization().position();
    let id = AccountId::of(numeric(&id)?);
    let (caller_id, _) = own_account(&app, &caller).await?;
    if id != caller_id {
        must(&app, &caller, "os2iot-user", &id.ordinal().to_string(), "read")?;
    }
    Ok(AsOf(position, Json(own(&app, id).await?)))
}

/// A user as they are now, with their groups and the organisations for which they have asked.
pub(super) async fn own(app: &App, id: AccountId) -> Result<UserOut, Refusal> {
    let db = app.ledger().db();
    let found = accounts::find(db, id)
        .await?
        .ok_or_else(|| Refusal::not_found("user"))?;
    let shown = users_out(db, &[found], true).await?.pop();
    shown.ok_or_else(|| Refusal::not_found("user"))
}
