//! `POST /api/users/{id}/mfa/disable`

use aggregates::{
    Command,
    user::{UpdateUser, UserCommand},
    values::UserId,
};
use axum::{extract::State, http::StatusCode};
use server::{App, ByPath, Conflicts, Missing, PathOf, Permitted, Refusal, Refusals, Wrote, done};

/// Switches the second factor of a user off, for instance after the device was lost. It also lifts a ban because of wrong codes, and
/// ends the user's sessions. Without a second factor there is nothing to do.
#[utoipa::path(post, path = "/api/users/{id}/mfa/disable", tag = "users",
    params(("id" = String, Path, format = "uuid", description = "Id of the user")),
    responses((status = 204, description = "Done"), Refusals, Missing, Conflicts))]
pub(crate) async fn post_disable_of_user(
    State(app): State<App>,
    Permitted(caller, ..): Permitted<ByPath>,
    PathOf(id): PathOf<String>,
) -> Result<Wrote<StatusCode>, Refusal> {
    let update = UpdateUser {
        disable_second_factor: true,
        ..UpdateUser::default()
    };
    let command = Command::User(UserId::parse(&id)?, UserCommand::Update(update));
    done(&app, &caller, vec![command]).await
}
