//! The code around every request.
//!
//! It is one function instead of layers of the router. Each layer would cost a boxed copy of the route and a boxed
//! future for every request.

use std::{
    convert::Infallible,
    net::SocketAddr,
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::{Body, Bytes, HttpBody},
    http::{HeaderMap, HeaderValue, Method, Request, StatusCode, Uri, Version, header, uri::Authority},
    response::{IntoResponse, Response},
};
use ledger::WithCauses;
use tower_service::Service;
use tracing::{Instrument, Level, Span};
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;

use crate::{
    app::App,
    body::Judged,
    browsers::{Cross, instruct},
    caller::{Arrived, REQUEST_ID},
    credential,
    face::Face,
    position::{Recorded, at_least},
    refusal::{BUSY, Refusal, RefusalKind},
};

/// An extension that marks an error response which is not a face's refusal: a page for people, from the binary.
#[derive(Clone, Copy, Debug)]
pub struct Page;

/// Everything that the server answers, with the code around each answer.
pub struct Front {
    app: App,
    router: Router,
    turned_away: TurnedAway,
}

/// Requests that were refused because the server was busy. Strangers can cause many, so they have one log line a minute together.
#[derive(Default)]
struct TurnedAway {
    count: AtomicU64,
    /// The second of the process from which on the next line may be written.
    next_line: AtomicU64,
}

impl TurnedAway {
    /// Counts a request. Returns how many there were since the last line, if it is time for another.
    fn count(&self, now: Duration) -> Option<u64> {
        self.count.fetch_add(1, Ordering::Relaxed);
        let seconds = now.as_secs();
        let is_time = |next: u64| (seconds >= next).then_some(seconds + 60);
        self.next_line
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, is_time)
            .is_ok()
            .then(|| self.count.swap(0, Ordering::Relaxed))
    }
}

/// A defect of an endpoint.
#[derive(Debug, thiserror::Error)]
#[error("the endpoint answered {0} without a refusal")]
struct WithoutRefusal(StatusCode);

/// A request as the front sees it, for its log line.
struct Asked {
    method: Method,
    uri: Uri,
    id: Option<HeaderValue>,
    begun: Instant,
}

impl Front {
    /// Makes a front of these routes. `pages` makes the routes that are not in the document.
    pub fn new(app: App, described: OpenApiRouter<App>, pages: impl FnOnce(OpenApi) -> Router<App>) -> Self {
        let (routes, document) = described.split_for_parts();
        let router = routes
            .merge(pages(document))
            .fallback(async || Refusal::not_found("path"))
            .method_not_allowed_fallback(async || Refusal::method_not_allowed())
            .with_state(app.clone());
        let turned_away = TurnedAway::default();
        Self {
            app,
            router,
            turned_away,
        }
    }

    /// Names the request, answers it, and logs it once. The log leaves out the query, since it may hold a token. Sets
    /// the headers that every answer has.
    pub async fn answer<B>(&self, peer: SocketAddr, mut request: Request<B>) -> Response
    where
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<axum::BoxError>,
    {
        let asked = Asked {
            begun: Instant::now(),
            method: request.method().clone(),
            uri: request.uri().clone(),
            id: request_id(request.headers_mut()),
        };
        let face = self.app.faces.of(asked.uri.path());
        let cross = Cross::of(&self.app, &asked.method, request.headers());
        let response = if let Err(refusal) = has_host(&request) {
            refusal.into_response()
        } else if cross.as_ref().is_some_and(Cross::is_question) {
            StatusCode::NO_CONTENT.into_response()
        } else {
            self.route(face, peer, request).instrument(asked.span()).await
        };
        let (mut response, refusal) = render(face, &asked.method, response);
        let headers = response.headers_mut();
        if let Some(id) = &asked.id {
            headers.insert(REQUEST_ID, id.clone());
        }
        instruct(headers, cross);
        let is_caused = refusal.as_ref().is_some_and(|refusal| refusal.cause().is_some());
        if is_caused || response.status().is_server_error() || tracing::enabled!(Level::DEBUG) {
            self.log(&asked, response.status(), refusal.as_ref());
        }
        response
    }

    /// Refuses a request because the server has no connection for it.
    pub(crate) fn busy<B>(&self, request: &Request<B>) -> Response {
        let message = "there are too many connections; try again later";
        let busy = Refusal::later(RefusalKind::Unavailable, BUSY, message);
        let face = self.app.faces.of(request.uri().path());
        let (mut response, _) = render(face, request.method(), busy.into_response());
        instruct(response.headers_mut(), None);
        response
    }

    async fn route<B>(&self, face: &'static Face, peer: SocketAddr, mut request: Request<B>) -> Response
    where
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<axum::BoxError>,
    {
        // Requests without a credential do not wait, and decide nothing that could be too old.
        let is_somebodys = credential::has_any(face.credentials, request.headers(), request.uri());
        if is_somebodys && let Err(refusal) = at_least(&self.app, request.headers()).await {
            return refusal.into_response();
        }
        let address = self.app.client(peer, request.headers());
        request.extensions_mut().insert(Arrived::new(face, address));
        let begun = self.app.clock.elapsed();
        // A body that keeps the server waiting moves this moment.
        let judged = (!request.body().is_end_stream()).then(|| Judged::at(begun));
        if let Some(judged) = &judged {
            request.extensions_mut().insert(judged.clone());
        }
        let Ok(response): Result<Response, Infallible> = self.router.clone().call(request).await;
        // The decision about the caller may be out of date, since the process may have been suspended after it. A
        // recorded change is answered in any case, since it has happened.
        let recorded = || response.extensions().get::<Recorded>().is_some();
        if is_somebodys
            && response.status().is_success()
            && let Err(stale) = self
                .app
                .fresh_since(judged.map_or(begun, |judged| judged.elapsed()))
            && !recorded()
        {
            return Refusal::from(stale).into_response();
        }
        response
    }

    /// Logs the one line about a request.
    #[cold]
    fn log(&self, asked: &Asked, status: StatusCode, refusal: Option<&Refusal>) {
        let Asked { method, uri, .. } = asked;
        let (micros, status) = (asked.begun.elapsed().as_micros(), status.as_u16());
        let route = self.app.form_of(uri.path()).unwrap_or("unknown");
        let id = asked.id();
        let code = refusal.map(|refusal| refusal.code);
        match refusal.and_then(Refusal::cause).map(WithCauses) {
            Some(cause) => tracing::error!(%method, route, status, micros, id, code, %cause, "failed"),
            None if code == Some(BUSY) => {
                tracing::debug!(%method, route, status, micros, id, code, "answered");
                if let Some(requests) = self.turned_away.count(self.app.clock.elapsed()) {
                    tracing::warn!(requests, "busy: refused requests since the last such line");
                }
            }
            None if status >= 500 => tracing::warn!(%method, route, status, micros, id, code, "answered"),
            None => tracing::debug!(%method, route, status, micros, id, code, "answered"),
        }
    }
}

impl Asked {
    fn id(&self) -> &str {
        let id = self.id.as_ref().and_then(|id| id.to_str().ok());
        id.unwrap_or_default()
    }

    /// The span of all log lines about a request with an id. A request without an id has no span, and so no cost:
    /// without an id, a span could not say which lines belong together.
    fn span(&self) -> Span {
        match &self.id {
            Some(_) => tracing::info_span!("request", id = self.id(), method = %self.method),
            None => Span::none(),
        }
    }
}

/// Renders a refusal as the face does. An error that is not a refusal is a defect of an endpoint. It becomes a refusal
/// here, so that a client always sees the shape of the face that it called.
fn render(face: &Face, method: &Method, mut response: Response) -> (Response, Option<Refusal>) {
    let status = response.status();
    let refusal = match response.extensions_mut().remove::<Refusal>() {
        Some(refusal) => refusal,
        None if !status.is_client_error() && !status.is_server_error() => return (response, None),
        None if response.extensions().get::<Page>().is_some() => return (response, None),
        None => {
            debug_assert!(
                false,
                "an endpoint of {} answered {status} without a refusal",
                face.name
            );
            let refusal = match status.is_client_error() {
                true => Refusal::invalid("the request is not as it should be"),
                false => Refusal::unavailable(),
            };
            refusal.because(WithoutRefusal(status))
        }
    };
    let mut rendered = (face.refuse)(&refusal);
    // The router lists the methods that a path takes.
    if let Some(allowed) = response.headers_mut().remove(header::ALLOW) {
        rendered.headers_mut().insert(header::ALLOW, allowed);
    }
    if leaves_a_body(&refusal) {
        let close = HeaderValue::from_static("close");
        rendered.headers_mut().insert(header::CONNECTION, close);
    }
    if let Some(length) = rendered.body().size_hint().exact() {
        rendered
            .headers_mut()
            .insert(header::CONTENT_LENGTH, length.into());
    }
    if method == Method::HEAD {
        *rendered.body_mut() = Body::empty();
    }
    (rendered, Some(refusal))
}

/// Whether the refused body may not have arrived completely. Then the connection ends with the answer.
fn leaves_a_body(refusal: &Refusal) -> bool {
    match refusal.kind {
        RefusalKind::Timeout | RefusalKind::TooLarge => true,
        kind => kind == RefusalKind::Unavailable && refusal.code == BUSY,
    }
}

/// Refuses a request that does not name exactly one host (RFC 9112 section 3.2). HTTP/1.0 does not need one.
fn has_host<B>(request: &Request<B>) -> Result<(), Refusal> {
    let mut hosts = request.headers().get_all(header::HOST).iter();
    let is_host = match (hosts.next(), hosts.next()) {
        (Some(host), None) => {
            Authority::try_from(host.as_bytes()).is_ok_and(|host| !host.as_str().contains('@'))
        }
        (None, _) => request.version() < Version::HTTP_11,
        (Some(_), Some(_)) => false,
    };
    match is_host {
        true => Ok(()),
        false => Err(Refusal::invalid(
            "the request must have one Host header, with a host",
        )),
    }
}

/// The client's name for the request. A malformed name is removed from the headers.
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
