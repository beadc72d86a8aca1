//! `DELETE /api/users/{id}/login-failures`

use aggregates::values::UserId;
use axum::{extract::State, http::StatusCode};

use server::{App, ByPath, Missing, PathOf, Permitted, Refusal, Refusals, Wrote, identity::clear_failures};

/// Forgets a user's failed logins: here at once, and on all other nodes within a few seconds.
///
/// After many failed logins, the answers to wrong passwords wait, and an address from which nobody has logged in may try a name only once a
/// second.
#[utoipa::path(delete, path = "/api/users/{id}/login-failures", tag = "users",
    params(("id" = String, Path, format = "uuid", description = "Id of the user")),
    responses((status = 204, description = "Done"), Refusals, Missing))]
pub(crate) async fn delete_login_failures(
    State(app): State<App>,
    Permitted(caller, ..): Permitted<ByPath>,
    PathOf(id): PathOf<String>,
) -> Result<Wrote<StatusCode>, Refusal> {
    let user = UserId::parse(&id)?;
    if !app.user_exists(user).await? {
        return Err(Refusal::not_found("user"));
    }
    clear_failures(&app, &caller, user).await?;
    // No event says so. The position is that of the newest event that this node knows.
    Ok(Wrote(app.ledger().position(), StatusCode::NO_CONTENT))
}
