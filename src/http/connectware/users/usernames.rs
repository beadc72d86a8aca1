//! `GET /api/users/usernames`

use axum::{Json, extract::State, response::Response};
use projections::user_directory;

use server::{App, Asks, ByPath, FreshAtStart, Refusal, Refusals};

/// The usernames of all users, in the order in which they were made.
#[utoipa::path(get, path = "/api/users/usernames", tag = "users", responses(
    (status = 200, description = "Usernames", body = Vec<String>, example = json!(["admin", "iot.device.0123456"])),
    Refusals
))]
pub(crate) async fn get_usernames(
    State(app): State<App>,
    asks: Asks<ByPath>,
) -> Result<FreshAtStart<Response>, Refusal> {
    let turn = asks.turn(&app).await?;
    let read = turn.answer(async move |_| Ok(Json(user_directory::usernames(app.ledger().db()).await?)));
    read.await
}
