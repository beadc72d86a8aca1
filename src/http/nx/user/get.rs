//! `GET /auth/user/{uuid}`

use axum::{Json, extract::State};
use server::{App, Caller, PathOf, Refusal, nx::profile};

use super::{UserOut, meant, unknown};

/// The caller, or any user if the caller is a super administrator.
#[utoipa::path(get, operation_id = "nx_get_user", path = "/auth/user/{uuid}", tag = "nx",
    params(("uuid" = String, Path, format = "uuid", description = "Id of the user")),
    responses((status = 200, description = "The user", body = UserOut), (status = 404, description = "There is no such user, or the caller may not see them")))]
pub(crate) async fn get_user(
    State(app): State<App>,
    caller: Caller,
    PathOf(id): PathOf<String>,
) -> Result<Json<UserOut>, Refusal> {
    let user = meant(&app, &caller, &id)?;
    let found = profile(&app, user).await?.ok_or_else(unknown)?;
    Ok(Json(UserOut::of(&app, found)))
}
