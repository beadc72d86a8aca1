//! `GET /api/v1/kombitCreation/minimal`

use axum::{Json, extract::State, response::Response};
use server::{App, Asks, FreshAtStart, Refusal, organisations::reach};

use crate::{
    auth::own_account,
    guard::{ANYBODY, Person},
    list::ListOut,
    organization::own_organisations,
    wire::Named,
};

/// The numbers and names of the caller's own organisations: all, for a global administrator.
#[utoipa::path(get, operation_id = "os2iot_get_minimal", path = "/api/v1/kombitCreation/minimal", tag = "os2iot", responses(
    (status = 200, description = "The organisations", body = ListOut<Named>)
))]
pub(crate) async fn get_minimal(
    State(app): State<App>,
    asks: Asks<Person<ANYBODY>>,
) -> Result<FreshAtStart<Response>, Refusal> {
    own_account(&app, asks.caller()).await?;
    let turn = asks.turn(&app).await?;
    let reach = reach(&app, asks.caller());
    turn.answer(async move |_| own_organisations(&app, &reach).await.map(Json))
        .await
}
