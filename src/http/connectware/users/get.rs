//! `GET /api/users/{id}`

use aggregates::values::UserId;
use axum::{Json, extract::State};
use projections::user_directory;

use crate::wire::UserOut;
use server::{App, ByPath, Missing, PathOf, Permitted, Refusal, Refusals};

/// One user.
#[utoipa::path(get, path = "/api/users/{id}", tag = "users",
    params(("id" = String, Path, format = "uuid", description = "Id of the user")),
    responses((status = 200, description = "The user", body = UserOut), Refusals, Missing))]
pub(crate) async fn get_user(
    State(app): State<App>,
    _permitted: Permitted<ByPath>,
    PathOf(id): PathOf<String>,
) -> Result<Json<UserOut>, Refusal> {
    let user = user_directory::find(app.ledger().db(), UserId::parse(&id)?, app.clock.now()).await?;
    user.map(|user| Json(UserOut::from(&user)))
        .ok_or_else(|| Refusal::not_found("user"))
}
