//! `GET /api/users/ids`

use axum::{Json, extract::State, response::Response};
use projections::user_directory;

use server::{App, Asks, ByPath, FreshAtStart, Refusal, Refusals};

/// The ids of all users, in the order in which they were made.
#[utoipa::path(get, path = "/api/users/ids", tag = "users", responses(
    (status = 200, description = "Ids", body = Vec<String>, example = json!(["0a0b0c0d-0000-4000-8000-000000000001"])),
    Refusals
))]
pub(crate) async fn get_ids(
    State(app): State<App>,
    asks: Asks<ByPath>,
) -> Result<FreshAtStart<Response>, Refusal> {
    let turn = asks.turn(&app).await?;
    let read = turn.answer(async move |_| {
        let ids = user_directory::ids(app.ledger().db()).await?;
        Ok(Json(ids.iter().map(ToString::to_string).collect::<Vec<_>>()))
    });
    read.await
}
