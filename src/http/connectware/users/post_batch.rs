//! `POST /api/users/batch`

use aggregates::{Command, user::UserCommand, values::PasswordHash};
use axum::{Json, extract::State};
use utoipa::ToSchema;

use super::new_user::{NewUser, UNHASHED};
use server::{App, ByPath, Conflicts, JsonList, Permitted, Refusal, Refusals, Wrote};

/// The most users that one request may make.
const MOST: usize = 1_000;

/// The users to be made. Only the document has this type.
#[derive(ToSchema)]
#[schema(max_items = 1000)]
pub(crate) struct NewUsers(#[expect(dead_code, reason = "only its type matters")] Vec<NewUser>);

/// Makes several users, all or none; answers their ids in order.
#[utoipa::path(post, path = "/api/users/batch", tag = "users", request_body = NewUsers, responses(
    (status = 200, description = "The users' ids", body = Vec<String>,
        example = json!(["0a0b0c0d-0000-4000-8000-000000000001"])), Refusals, Conflicts
))]
pub(crate) async fn post_users(
    State(app): State<App>,
    Permitted(caller, ..): Permitted<ByPath>,
    JsonList(body): JsonList<NewUser>,
) -> Result<Wrote<Json<Vec<String>>>, Refusal> {
    if body.len() > MOST {
        return Err(Refusal::invalid(format!("a batch may have at most {MOST} users")));
    }
    let mut users = Vec::with_capacity(body.len());
    for (number, user) in body.into_iter().enumerate() {
        users.push(
            user.check(&app)
                .await
                .map_err(|refusal| refusal.about(entry(number)))?,
        );
    }
    let (mut ids, mut commands) = (Vec::with_capacity(users.len()), Vec::with_capacity(users.len()));
    let mut passwords = Vec::with_capacity(users.len());
    for mut user in users {
        let password = user.password();
        let unhashed = password.as_ref().map(|_| PasswordHash::new(UNHASHED));
        passwords.push(password);
        let (id, command) = user.command(&app, unhashed);
        ids.push(id.to_string());
        commands.push(command);
    }
    // Hashing takes by far the most time, so a name that is taken, or a right that the caller may not give, is refused before.
    let named = |index| Some(entry(index));
    caller.rehearse(&app, &commands, named).await?;
    let mut is_first = true;
    for (number, (command, password)) in commands.iter_mut().zip(passwords).enumerate() {
        if let (Some(password), Command::User(_, UserCommand::Create(create))) = (password, command) {
            let hash = match std::mem::take(&mut is_first) {
                true => caller.hash(&app, password).await,
                false => caller.hash_next(&app, password).await,
            };
            create.password_hash = Some(hash.map_err(|refusal| refusal.about(entry(number)))?);
        }
    }
    let appended = caller.execute_about(&app, commands, named).await?;
    Ok(Wrote(appended.position, Json(ids)))
}

fn entry(number: usize) -> String {
    format!("entry {number}")
}
