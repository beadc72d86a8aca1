//! `GET /api/users/{id}`

use aggregates::values::UserId;
use axum::{Json, extract::State, response::Response};
use projections::user_directory;

use crate::wire::UserOut;
use server::{App, Asks, ByPath, FreshAtStart, Missing, PathOf, Refusal, Refusals};

/// One user.
#[utoipa::path(get, path = "/api/users/{id}", tag = "users",
    params(("id" = String, Path, format = "uuid", description = "Id of the user")),
    responses((status = 200, description = "The user", body = UserOut), Refusals, Missing))]
pub(crate) async fn get_user(
    State(app): State<App>,
    asks: Asks<ByPath>,
    PathOf(id): PathOf<String>,
) -> Result<FreshAtStart<Response>, Refusal> {
    let id = UserId::parse(&id)?;
    let turn = asks.turn(&app).await?;
    let read = turn.answer(async move |_| {
        let user = user_directory::find(app.ledger().db(), id, app.clock.now()).await?;
        user.map(|user| Json(UserOut::from(&user)))
            .ok_or_else(|| Refusal::not_found("user"))
    });
    read.await
}
