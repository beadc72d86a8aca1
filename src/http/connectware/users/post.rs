//! `POST /api/users`

use axum::{Json, extract::State, http::StatusCode};
use projections::user_directory;

use super::new_user::NewUser;
use crate::wire::UserOut;
use server::{App, ByPath, Conflicts, JsonBody, Permitted, Refusal, Refusals, Wrote};

/// Makes a user.
#[utoipa::path(post, path = "/api/users", tag = "users", request_body = NewUser, responses(
    (status = 201, description = "The user", body = UserOut), Refusals, Conflicts
))]
pub(crate) async fn post_user(
    State(app): State<App>,
    Permitted(caller, ..): Permitted<ByPath>,
    JsonBody(body): JsonBody<NewUser>,
) -> Result<Wrote<(StatusCode, Json<UserOut>)>, Refusal> {
    let mut user = body.check(&app).await?;
    let hash = match user.password() {
        Some(password) => Some(app.passwords.hash(password).await?),
        None => None,
    };
    let (id, command) = user.command(&app, hash);
    let appended = caller.execute(&app, vec![command]).await?;
    let made = user_directory::find(app.ledger().db(), id, app.clock.now()).await?;
    let made = made.ok_or_else(|| Refusal::not_found("user"))?;
    Ok(Wrote(
        appended.position,
        (StatusCode::CREATED, Json(UserOut::from(&made))),
    ))
}
