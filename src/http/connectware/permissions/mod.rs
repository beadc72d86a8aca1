//! `/api/permissions`

mod delete;
mod ids;
mod page;
mod usage;

use utoipa_axum::{router::OpenApiRouter, routes};

use server::App;

/// The routes of this folder.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(delete::delete_permissions))
        .routes(routes!(page::get_permissions_page))
        .routes(routes!(usage::get_permission_usage))
        .routes(routes!(ids::get_permission_ids))
}
