//! What surrounds every request.
//!
//! One function rather than layers of the router: each of those would be a boxed copy of the route and a boxed future for
//! every request.

use std::{convert::Infallible, net::SocketAddr, time::Instant};

use axum::{
    Router,
    body::{Body, Bytes, HttpBody},
    extract::{ConnectInfo, DefaultBodyLimit},
    http::{HeaderMap, HeaderValue, Method, Request, Uri, header},
    response::{IntoResponse, Response},
};
use tower_service::Service;

use super::{
    Problem,
    body::MOST_BYTES,
    caller::{REQUEST_ID, has_credential},
    position::{Recorded, at_least},
};
use crate::app::App;

/// Everything the server answers, with what surrounds each answer.
pub struct Front {
    app: App,
    router: Router,
    /// The paths of the OpenAPI document, with their parameters in braces.
    paths: Vec<String>,
}

impl Front {
    /// A front of these routes.
    pub fn new(app: App, router: Router, paths: Vec<String>) -> Self {
        Self { app, router, paths }
    }

    /// Names the request, answers it, logs it once (never its query, which may hold a token), and sets the headers every
    /// answer has.
    pub async fn answer<B>(&self, peer: SocketAddr, mut request: Request<B>) -> Response
    where
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<axum::BoxError>,
    {
        let begun = Instant::now();
        let (method, uri) = (request.method().clone(), request.uri().clone());
        let id = request_id(request.headers_mut());
        // Who does not say who they are waits for nothing.
        let waited = match has_credential(&request) {
            true => at_least(&self.app, request.headers()).await,
            false => Ok(()),
        };
        let mut response = match waited {
            Ok(()) => self.route(peer, request).await,
            Err(problem) => problem.into_response(),
        };
        let headers = response.headers_mut();
        if let Some(id) = &id {
            headers.insert(REQUEST_ID, id.clone());
        }
        headers
            .entry(header::CACHE_CONTROL)
            .or_insert(HeaderValue::from_static("no-store"));
        headers.insert(
            header::X_CONTENT_TYPE_OPTIONS,
            HeaderValue::from_static("nosniff"),
        );
        if response.status().is_server_error() || tracing::enabled!(tracing::Level::DEBUG) {
            self.log(&method, &uri, id.as_ref(), &response, begun);
        }
        response
    }

    async fn route<B>(&self, peer: SocketAddr, mut request: Request<B>) -> Response
    where
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<axum::BoxError>,
    {
        request.extensions_mut().insert(ConnectInfo(peer));
        if !request.body().is_end_stream() {
            DefaultBodyLimit::max(MOST_BYTES).apply(&mut request);
        }
        let decided = has_credential(&request);
        let begun = self.app.clock.elapsed();
        let Ok(response): Result<Response, Infallible> = self.router.clone().call(request).await;
        // Whether the caller may was decided a while ago, perhaps before the process stood still. What is recorded is
        // answered all the same: it has happened.
        let recorded = || response.extensions().get::<Recorded>().is_some();
        if decided
            && response.status().is_success()
            && let Err(stale) = self.app.fresh_since(begun)
            && !recorded()
        {
            return Problem::from(stale).into_response();
        }
        response
    }

    #[cold]
    fn log(
        &self,
        method: &Method,
        uri: &Uri,
        id: Option<&HeaderValue>,
        response: &Response<Body>,
        begun: Instant,
    ) {
        let micros = begun.elapsed().as_micros();
        let status = response.status();
        let fits = |path: &&String| fits(path, uri.path());
        let route = self.paths.iter().find(fits).map_or("unknown", String::as_str);
        let id = id.and_then(|id| id.to_str().ok()).unwrap_or_default();
        if status.is_server_error() {
            tracing::warn!(%method, route, status = status.as_u16(), micros, id, "answered");
        } else {
            tracing::debug!(%method, route, status = status.as_u16(), micros, id, "answered");
        }
    }
}

/// The client's name for the request. One that is not as it should be is taken away.
fn request_id(headers: &mut HeaderMap) -> Option<HeaderValue> {
    let id = headers.get(REQUEST_ID)?;
    if is_request_id(id.as_bytes()) {
        return Some(id.clone());
    }
    headers.remove(REQUEST_ID);
    None
}

fn is_request_id(id: &[u8]) -> bool {
    (1..=128).contains(&id.len()) && id.iter().all(u8::is_ascii_graphic)
}

/// Whether a path is of this form: segments in braces stand for any.
fn fits(form: &str, path: &str) -> bool {
    let (mut wanted, mut given) = (form.split('/'), path.split('/'));
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return true,
            (Some(wanted), Some(given)) if wanted == given || wanted.starts_with('{') => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_logged_by_its_form() {
        assert!(fits("/api/users/{id}/roles", "/api/users/7/roles"));
        assert!(fits("/healthz", "/healthz"));
        assert!(!fits("/api/users/{id}", "/api/users"));
        assert!(!fits("/api/users/{id}", "/api/users/7/roles"));
        assert!(!fits("/api/users", "/api/users/7"));
    }
}
