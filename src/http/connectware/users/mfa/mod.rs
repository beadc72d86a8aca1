//! `/api/users/{id}/mfa`: the second factor of a named user. The published API names the two operations, but not their paths.

mod disable;
mod regenerate;

use server::App;
use utoipa_axum::{router::OpenApiRouter, routes};

/// The routes of this folder.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(disable::post_disable_of_user))
        .routes(routes!(regenerate::post_backup_codes_of_user))
}
