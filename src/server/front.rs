//! The code around every request.
//!
//! It is one function instead of layers of the router. Each layer would cost a boxed copy of the route and a boxed
//! future for every request.

use std::{convert::Infallible, net::SocketAddr, time::Duration};

use aggregates::values::Timestamp;
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
    brokers::{Formed, InForm},
    browsers::{Cross, instruct},
    caller::{Arrived, Proved, REQUEST_ID, prove},
    credential,
    evidence::{Asking, Known, with_known},
    face::{Face, Listener},
    framing,
    heavy::JudgedAtStart,
    position::{AT_LEAST, Recorded, add_position, at_least},
    refusal::{BUSY, Refusal, RefusalKind},
    tls::ClientCertificate,
    turned_away::ByText,
};

/// An extension that marks an error response which is not a face's refusal: a page for people, from the binary.
#[derive(Clone, Copy, Debug)]
pub struct Page;

/// Everything that the server answers, with the code around each answer.
pub struct Front {
    app: App,
    listener: Listener,
    router: Router,
    /// Requests that were refused because something was busy, by the message that says what.
    busy: ByText,
    /// Requests that failed before anybody had proved who they are.
    strangers: ByText,
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
    /// When the request came, by the clock that only moves on.
    begun: Duration,
}

impl Front {
    /// Makes a front of these routes for all clients. `pages` makes the routes that are not in the document.
    pub fn new(app: App, described: OpenApiRouter<App>, pages: impl FnOnce(OpenApi) -> Router<App>) -> Self {
        let (routes, document) = described.split_for_parts();
        Self::of(app, Listener::Clients, routes.merge(pages(document)))
    }

    /// Makes a front of these routes for brokers.
    pub fn for_brokers(app: App, routes: OpenApiRouter<App>) -> Self {
        Self::of(app, Listener::Brokers, routes.split_for_parts().0)
    }

    fn of(app: App, listener: Listener, routes: Router<App>) -> Self {
        let router = routes
            .fallback(async || Refusal::not_found("path"))
            .method_not_allowed_fallback(async || Refusal::method_not_allowed())
            .with_state(app.clone());
        Self {
            app,
            listener,
            router,
            busy: ByText::default(),
            strangers: ByText::default(),
        }
    }

    /// Names the request, answers it, and logs it once. The log leaves out the query, since it may hold a token. Sets
    /// the headers that every answer has.
    pub async fn answer<B>(&self, peer: SocketAddr, mut request: Request<B>) -> Response
    where
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<axum::BoxError>,
    {
        let face = self.face_of(request.uri().path());
        let named = face
            .any_request_id
            .then(|| request.headers().get(REQUEST_ID).cloned());
        let asked = Asked {
            begun: self.app.clock.elapsed(),
            method: request.method().clone(),
            uri: request.uri().clone(),
            id: request_id(request.headers_mut()),
        };
        let cross = Cross::of(&self.app, &asked.method, request.headers());
        let by = Asking {
            face,
            method: &asked.method,
            uri: &asked.uri,
            address: self.app.client(peer, request.headers()),
            has_credential: credential::has_any(face.credentials, request.headers(), request.uri())
                || (face.counts_certificates() && request.extensions().get::<ClientCertificate>().is_some()),
        };
        let is_read = has_host(&request).and_then(|()| framing::is_plain(request.headers()));
        let (response, known) = if let Err(refusal) = is_read {
            (refusal.into_response(), Known::default())
        } else if cross.as_ref().is_some_and(Cross::is_question) {
            (StatusCode::NO_CONTENT.into_response(), Known::default())
        } else {
            let answer = self.route(&by, asked.begun, request).instrument(asked.span());
            with_known(&self.app, &by, answer).await
        };
        let at = (asked.uri.path(), self.app.clock.now());
        let (mut response, refusal) = render(face, &asked.method, at, response);
        if let Some(refusal) = &refusal {
            self.count_if_busy(refusal);
            self.app.counts().refused(face.name, refusal.code);
        }
        if self.listener == Listener::Brokers && face.listener == Listener::Brokers {
            let hook = self.app.form_of(asked.uri.path()).unwrap_or("unknown");
            let code = refusal.as_ref().map(|refusal| refusal.code);
            self.app
                .counts()
                .asked(hook, code, response.status().is_success());
        }
        if self.listener == Listener::Clients {
            let caller = known.caller();
            Box::pin(add_position(&self.app, caller, refusal.as_ref(), &mut response)).await;
        }
        known.report(&self.app, refusal.as_ref(), &by);
        let headers = response.headers_mut();
        if let Some(id) = named.unwrap_or_else(|| asked.id.clone()) {
            headers.insert(REQUEST_ID, id);
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
        self.count_if_busy(&busy);
        let face = self.face_of(request.uri().path());
        self.app.counts().refused(face.name, busy.code);
        let at = (request.uri().path(), self.app.clock.now());
        let (mut response, _) = render(face, request.method(), at, busy.into_response());
        if face.any_request_id
            && let Some(id) = request.headers().get(REQUEST_ID)
        {
            response.headers_mut().insert(REQUEST_ID, id.clone());
        }
        instruct(response.headers_mut(), None);
        response
    }

    async fn route<B>(&self, by: &Asking<'_>, mut begun: Duration, mut request: Request<B>) -> Response
    where
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<axum::BoxError>,
    {
        // Requests without a credential do not wait, and decide nothing that could be too old.
        let is_somebodys = by.has_credential;
        request.extensions_mut().insert(Arrived::new(by.face, by.address));
        let may_wait = is_somebodys && self.listener == Listener::Clients;
        // An operation that needs no credential compares none: its answer would tell whether a password is right.
        if may_wait && request.headers().contains_key(AT_LEAST) && by.is_guarded(&self.app) {
            request = match Box::pin(self.wait(request)).await {
                Ok(request) => request,
                Err(refusal) => return refusal.into_response(),
            };
            begun = self.app.clock.elapsed();
        }
        // A body that keeps the server waiting moves this moment.
        let judged = (!request.body().is_end_stream()).then(|| Judged::at(begun));
        if let Some(judged) = &judged {
            request.extensions_mut().insert(judged.clone());
        }
        let Ok(response): Result<Response, Infallible> = self.router.clone().call(request).await;
        // The decision about the caller may be out of date, since the process may have been suspended after it. A
        // recorded change is answered in any case, since it has happened.
        // The freshness of heavy answers was judged when their work began.
        let is_good = || {
            let extensions = response.extensions();
            extensions.get::<Recorded>().is_some() || extensions.get::<JudgedAtStart>().is_some()
        };
        if is_somebodys
            && response.status().is_success()
            && let Err(stale) = self
                .app
                .fresh_since(judged.map_or(begun, |judged| judged.elapsed()))
            && !is_good()
        {
            return match response
                .extensions()
                .get::<Formed>()
                .map(|formed| formed.otherwise)
            {
                Some(Some(otherwise)) => InForm::refused(otherwise(), stale.into()).into_response(),
                // A refusal of a broker stays one.
                Some(None) => response,
                None => Refusal::from(stale).into_response(),
            };
        }
        response
    }

    /// The face that serves a path on the listener of this front.
    fn face_of(&self, path: &str) -> &'static Face {
        self.app.faces.at(self.listener, path)
    }

    /// Lets a request wait for the position that it asks for, if somebody has proved who they are. All others learn nothing about
    /// the position of this node, not even by the time that the answer takes.
    async fn wait<B>(&self, request: Request<B>) -> Result<Request<B>, Refusal> {
        let (mut parts, body) = request.into_parts();
        let proved = prove(&parts, &self.app).await;
        if proved.is_ok() {
            at_least(&self.app, &parts.headers).await?;
        }
        parts.extensions.insert(Proved(proved));
        Ok(Request::from_parts(parts, body))
    }

    /// Logs the one line about a request.
    #[cold]
    fn log(&self, asked: &Asked, status: StatusCode, refusal: Option<&Refusal>) {
        let Asked { method, uri, .. } = asked;
        let now = self.app.clock.elapsed();
        let (micros, status) = (now.saturating_sub(asked.begun).as_micros(), status.as_u16());
        let route = self.app.form_of(uri.path()).unwrap_or("unknown");
        let id = asked.id();
        let code = refusal.map(|refusal| refusal.code);
        let cause = refusal.and_then(Refusal::cause).map(WithCauses);
        let is_failure = cause.is_some() || status >= 500 && code != Some(BUSY);
        // Strangers can cause many failures. So the log has some of them, and says how many there were.
        let requests = match is_failure && self.is_of_stranger(asked, route, refusal) {
            true => self.strangers.count(route, now),
            false => Some(1),
        };
        match (cause, requests.filter(|_| is_failure)) {
            (Some(cause), Some(requests)) => {
                tracing::error!(%method, route, status, micros, id, code, requests, %cause, "failed");
            }
            (None, Some(requests)) => {
                tracing::warn!(%method, route, status, micros, id, code, requests, "answered");
            }
            (_, None) => tracing::debug!(%method, route, status, micros, id, code, "answered"),
        }
    }

    /// Counts a refusal because something was busy. The log has a line a minute for each thing that was busy.
    fn count_if_busy(&self, refusal: &Refusal) {
        if refusal.code == BUSY
            && let Some(requests) = self.busy.count(&refusal.message, self.app.clock.elapsed())
        {
            tracing::warn!(requests, because = %refusal.message, "busy: refused requests since the last such line");
        }
    }

    /// Whether nobody had proved who they are when a request failed.
    fn is_of_stranger(&self, asked: &Asked, route: &str, refusal: Option<&Refusal>) -> bool {
        let face = self.face_of(asked.uri.path());
        refusal.is_some_and(Refusal::is_of_stranger) || face.is_public(asked.method.as_str(), route)
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
fn render(
    face: &Face,
    method: &Method,
    (path, now): (&str, Timestamp),
    mut response: Response,
) -> (Response, Option<Refusal>) {
    let status = response.status();
    if let Some(Formed { refusal, .. }) = response.extensions_mut().remove() {
        if refusal.as_ref().is_some_and(leaves_a_body) {
            close(&mut response);
        }
        return (response, refusal);
    }
    let mut refusal = match response.extensions_mut().remove::<Refusal>() {
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
    refusal.asked = Some((path.to_owned(), now));
    let mut rendered = (face.refuse)(&refusal);
    // The router lists the methods that a path takes.
    if let Some(allowed) = response.headers_mut().remove(header::ALLOW) {
        rendered.headers_mut().insert(header::ALLOW, allowed);
    }
    if leaves_a_body(&refusal) {
        close(&mut rendered);
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

/// Ends the connection after this answer.
fn close(response: &mut Response) {
    let close = HeaderValue::from_static("close");
    response.headers_mut().insert(header::CONNECTION, close);
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

/// The client's name for the request, if the log and the events can take it. Another name is removed from the headers.
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
