//! `POST /api/users/{id}/revoke`

use aggregates::{Command, user::UserCommand, values::UserId};
use axum::{extract::State, http::StatusCode};

use server::{App, ByPath, Conflicts, Missing, PathOf, Permitted, Refusal, Refusals, Rehearse, Wrote, done};

/// Ends everything by which a user or a device gets in, and everything that it holds, at once: its password, tokens, sessions, certificates,
/// registration, roles and permissions.
///
/// The name stays taken until the user is deleted.
#[utoipa::path(post, path = "/api/users/{id}/revoke", tag = "users",
    params(("id" = String, Path, format = "uuid", description = "Id of the user")),
    responses((status = 204, description = "Done"), Refusals, Missing, Conflicts))]
pub(crate) async fn post_revoke(
    State(app): State<App>,
    Permitted(caller, ..): Permitted<ByPath>,
    PathOf(id): PathOf<String>,
) -> Result<Wrote<StatusCode>, Refusal> {
    done(&app, &caller, UserRevocation.rehearse(&app, [&id]).await?).await
}

/// A request without a body.
#[derive(Default)]
pub(crate) struct UserRevocation;

impl Rehearse<1> for UserRevocation {
    async fn rehearse(self, _: &App, [id]: [&str; 1]) -> Result<Vec<Command>, Refusal> {
        Ok(vec![Command::User(UserId::parse(id)?, UserCommand::Revoke)])
    }
}
