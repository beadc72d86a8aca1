//! `GET /api/v1/kombitCreation/minimalUsers`

use axum::{Json, extract::State, response::Response};
use server::{App, Asks, FreshAtStart, Refusal, organisations::reach};

use crate::{
    auth::own_account,
    guard::{ANYBODY, Person},
    user::{UsersOut, own_users},
};

/// The numbers and names of the users of the caller's own organisations: of all, for a global administrator.
#[utoipa::path(get, operation_id = "os2iot_get_minimal_users", path = "/api/v1/kombitCreation/minimalUsers", tag = "os2iot", responses(
    (status = 200, description = "The users", body = UsersOut)
))]
pub(crate) async fn get_minimal_users(
    State(app): State<App>,
    asks: Asks<Person<ANYBODY>>,
) -> Result<FreshAtStart<Response>, Refusal> {
    own_account(&app, asks.caller()).await?;
    let turn = asks.turn(&app).await?;
    let reach = reach(&app, asks.caller());
    turn.answer(async move |_| own_users(&app, &reach).await.map(Json))
        .await
}
