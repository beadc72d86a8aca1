//! The Search APIs (AuthZEN Authorization API 1.0 section 8): complete answers, in pages.

mod action;
pub(super) mod page;
mod resource;
mod subject;

use utoipa_axum::{router::OpenApiRouter, routes};

use server::App;

/// The routes of this module.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(subject::post_search_subject))
        .routes(routes!(resource::post_search_resource))
        .routes(routes!(action::post_search_action))
}
