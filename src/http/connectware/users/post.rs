//! `POST /api/users`

use aggregates::{Command, user::UserCommand, values::PasswordHash};
use axum::{Json, extract::State, http::StatusCode};
use projections::user_directory;

use super::new_user::{NewUser, UNHASHED};
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
    let password = user.password();
    let (id, command) = user.command(&app, password.as_ref().map(|_| PasswordHash::new(UNHASHED)));
    let mut commands = [command];
    if let Some(password) = password {
        // Hashing takes by far the most time, so a name that is taken, or a right that the caller may not give, is refused before.
        caller.rehearse(&app, &commands, |_| None::<&str>).await?;
        let hash = caller.hash(&app, password).await?;
        if let [Command::User(_, UserCommand::Create(create))] = &mut commands {
            create.password_hash = Some(hash);
        }
    }
    let appended = caller.execute(&app, commands.into()).await?;
    let made = user_directory::find(app.ledger().db(), id, app.clock.now()).await?;
    let made = made.ok_or_else(|| Refusal::not_found("user"))?;
    Ok(Wrote(
        appended.position,
        (StatusCode::CREATED, Json(UserOut::from(&made))),
    ))
}
