//! `/api/users`

mod certificates;
mod delete;
mod get;
mod ids;
mod login_failures;
mod mfa;
mod new_user;
mod post;
mod post_batch;
mod put;
mod revoke;
mod roles;
mod tokens;
mod usernames;

use utoipa_axum::{router::OpenApiRouter, routes};

use self::{
    delete::UserRemoval,
    new_user::NewUser,
    put::UserChange,
    revoke::UserRevocation,
    roles::{RevokedRole, RoleBody},
};
use server::{App, Rehearsal};

/// The routes of this folder.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(post::post_user, delete::delete_users))
        .routes(routes!(post_batch::post_users))
        .routes(routes!(ids::get_ids))
        .routes(routes!(usernames::get_usernames))
        .routes(routes!(get::get_user, put::put_user, delete::delete_user))
        .routes(routes!(revoke::post_revoke))
        .routes(routes!(login_failures::delete_login_failures))
        .merge(mfa::routes())
        .routes(routes!(tokens::get_tokens, tokens::delete_tokens))
        .routes(routes!(
            certificates::post_certificate,
            certificates::delete_certificate
        ))
        .routes(routes!(roles::post_role_of_user, roles::delete_role_of_user))
}

/// The requests of this folder that can be rehearsed.
pub(super) const REHEARSALS: &[Rehearsal] = &[
    Rehearsal::with_body::<_, NewUser>("POST", "/api/users"),
    Rehearsal::with_body::<_, UserChange>("PUT", "/api/users/{id}"),
    Rehearsal::without_body::<_, UserRemoval>("DELETE", "/api/users/{id}"),
    Rehearsal::without_body::<_, UserRevocation>("POST", "/api/users/{id}/revoke"),
    Rehearsal::with_body::<_, RoleBody>("POST", "/api/users/{id}/roles"),
    Rehearsal::with_body::<_, RevokedRole>("DELETE", "/api/users/{id}/roles"),
];
