//! All routes, and what surrounds every request.

use std::time::Instant;

use axum::{
    Router,
    extract::{DefaultBodyLimit, MatchedPath, Request},
    http::{HeaderName, HeaderValue, StatusCode, header},
    middleware::{self, Next},
    response::Response,
    routing::get,
};
use utoipa_axum::router::OpenApiRouter;

use super::{
    Problem, access, audit, body::MOST_BYTES, caller::REQUEST_ID, connectware, openapi, position, system,
};
use crate::app::App;

/// The routes that the OpenAPI document describes.
pub(super) fn described() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(openapi::head())
        .merge(connectware::routes())
        .merge(access::routes())
        .merge(audit::routes())
        .merge(system::routes())
}

/// Everything the server answers.
pub fn router(app: App) -> Router {
    let (routes, document) = described().split_for_parts();
    routes
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
        .layer(middleware::from_fn_with_state(app.clone(), position::at_least))
        .layer(DefaultBodyLimit::max(MOST_BYTES))
        .layer(middleware::from_fn(surround))
        .with_state(app)
}

/// Names the request, logs it once (never its query, which may hold a token), and sets the headers every answer has.
async fn surround(mut request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let named = request
        .headers()
        .get(REQUEST_ID)
        .is_some_and(|id| is_request_id(id.as_bytes()));
    if !named {
        request.headers_mut().remove(REQUEST_ID);
    }
    let request_id = request.headers().get(REQUEST_ID).cloned();
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    if let Some(id) = &request_id {
        headers.insert(HeaderName::from_static(REQUEST_ID), id.clone());
    }
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    let route = route.as_ref().map_or("unknown", MatchedPath::as_str);
    let status = response.status();
    let micros = begun.elapsed().as_micros();
    let id = request_id
        .as_ref()
        .and_then(|id| id.to_str().ok())
        .unwrap_or_default();
    if status.is_server_error() {
        tracing::warn!(%method, route, status = status.as_u16(), micros, id, "answered");
    } else {
        tracing::debug!(%method, route, status = status.as_u16(), micros, id, "answered");
    }
    response
}

fn is_request_id(id: &[u8]) -> bool {
    (1..=128).contains(&id.len()) && id.iter().all(u8::is_ascii_graphic)
}
