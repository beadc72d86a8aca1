//! `GET /api/users/ids`

use axum::{Json, extract::State};
use projections::user_directory;

use server::{App, ByPath, Permitted, Refusal, Refusals};

/// The ids of all users, in the order in which they were made.
#[utoipa::path(get, path = "/api/users/ids", tag = "users", responses(
    (status = 200, description = "Ids", body = Vec<String>, example = json!(["0a0b0c0d-0000-4000-8000-000000000001"])),
    Refusals
))]
pub(crate) async fn get_ids(
    State(app): State<App>,
    _permitted: Permitted<ByPath>,
) -> Result<Json<Vec<String>>, Refusal> {
    let ids = user_directory::ids(app.ledger().db()).await?;
    Ok(Json(ids.iter().map(ToString::to_string).collect()))
}
