//! `/api/auth`: how users may prove who they are. It needs no credential: a page asks before somebody logs in.

mod ldap;
mod mfa;
mod ms_entra_id;
mod password_policy;

use server::App;
use utoipa_axum::{router::OpenApiRouter, routes};

/// The routes of this folder.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(password_policy::get_password_policy))
        .routes(routes!(mfa::get_mfa))
        .routes(routes!(ldap::get_ldap))
        .routes(routes!(ms_entra_id::get_ms_entra_id))
}
