//! `/api/users`

mod certificates;
pub(super) mod delete;
mod get;
mod ids;
pub(super) mod new_user;
mod post;
mod post_batch;
pub(super) mod put;
pub(super) mod roles;
mod tokens;
mod usernames;

use aggregates::{user::RoleGrant, values::RoleId};
use utoipa_axum::{router::OpenApiRouter, routes};

use server::{Problem, app::App};

/// The routes of this folder.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(post::post_user, delete::delete_users))
        .routes(routes!(post_batch::post_users))
        .routes(routes!(ids::get_ids))
        .routes(routes!(usernames::get_usernames))
        .routes(routes!(get::get_user, put::put_user, delete::delete_user))
        .routes(routes!(tokens::get_tokens, tokens::delete_tokens))
        .routes(routes!(
            certificates::post_certificate,
            certificates::delete_certificate
        ))
        .routes(routes!(roles::post_role, roles::delete_role))
}

/// The grants of roles by id. Unknown ones are refused, all named.
async fn role_grants(app: &App, ids: &[RoleId]) -> Result<Vec<RoleGrant>, Problem> {
    let (mut grants, mut unknown) = (Vec::with_capacity(ids.len()), Vec::new());
    for (id, role) in ids.iter().zip(app.roles(ids).await?) {
        match role {
            Some(role) => grants.push(RoleGrant {
                role_id: *id,
                exclusive: !role.is_shared,
            }),
            None => unknown.push(id.to_string()),
        }
    }
    if unknown.is_empty() {
        Ok(grants)
    } else {
        let message = format!("there is no role {}", unknown.join(", "));
        Err(Problem::new(
            axum::http::StatusCode::BAD_REQUEST,
            "unknown_role",
            message,
        ))
    }
}
