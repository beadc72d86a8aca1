//! All routes.

use axum::{Router, http::StatusCode, routing::get};
use utoipa_axum::router::OpenApiRouter;

use server::{Front, Problem, app::App};

use crate::openapi;

/// The routes that the OpenAPI document describes.
pub(super) fn described() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(openapi::head())
        .merge(connectware::routes())
        .merge(access::routes())
        .merge(audit::routes())
        .merge(system::routes())
}

/// Everything the server answers.
pub fn front_of(app: App) -> Front {
    let (routes, document) = described().split_for_parts();
    let paths = document.paths.paths.keys().cloned().collect();
    let router: Router = routes
        .merge(openapi::pages(document))
        .route(
            "/api/v1",
            get(async || axum::response::Redirect::temporary("/api/v1/docs/")),
        )
        .fallback(async || Problem::not_found("path"))
        .method_not_allowed_fallback(async || {
            Problem::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "method_not_allowed",
                "this path does not take this method",
            )
        })
        .with_state(app.clone());
    Front::new(app, router, paths)
}
