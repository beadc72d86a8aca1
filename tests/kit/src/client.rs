//! A small client. Its answers fail a test with a clear message. It reaches a server over HTTP, or a server in this
//! process.
//!
//! ```ignore
//! let user = admin.post("/api/users", json!({..})).await.expect(201).json();
//! admin.get("/api/users/nobody").header("muniment-at-least", "3").await.expect_error(400);
//! ```

use std::{
    convert::Infallible,
    fmt,
    future::{Future, IntoFuture},
    net::{IpAddr, Ipv4Addr, SocketAddr},
    pin::Pin,
    sync::Arc,
    time::Duration,
};

use axum::body::Body;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use futures_util::{StreamExt as _, stream};
use http::{HeaderMap, Method, Request, header};
use http_body_util::{BodyExt, Full};
use hyper_util::{
    client::legacy::{Client as Http, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde_json::Value;
use server::{Front, Reached};
use tokio::{sync::oneshot, task::JoinHandle};

type Bytes = std::io::Cursor<Vec<u8>>;

/// How long an answer may take before the test fails: longer than the server waits for a body.
const PATIENCE: Duration = Duration::from_secs(40);

/// The port from which the requests of a client in process seem to come.
const PORT: u16 = 4711;

/// A caller of the server, with or without a credential.
#[derive(Clone, Debug)]
pub struct Client {
    to: Transport,
    authorization: Option<String>,
}

/// How a caller reaches the server.
#[derive(Clone)]
enum Transport {
    Http(Http<HttpConnector, Full<Bytes>>, String),
    InProcess(Arc<Front>, IpAddr),
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Http(_, base) => f.write_str(base),
            Self::InProcess(..) => f.write_str(Client::IN_PROCESS),
        }
    }
}

impl Transport {
    /// Makes a call whose headers are already set.
    async fn call(
        self,
        method: Method,
        path: &str,
        mut headers: HeaderMap,
        body: Sent,
    ) -> Result<(u16, HeaderMap, Vec<u8>), String> {
        let request = Request::builder().method(method);
        let well_formed = "the call should be well-formed";
        match self {
            Self::Http(http, base) => {
                let Sent::Whole(body) = body else {
                    return Err("an unfinished body is sent to a server in this process only".to_owned());
                };
                let request = request
                    .uri(format!("{base}{path}"))
                    .body(Full::new(Bytes::new(body)));
                let mut request = request.expect(well_formed);
                *request.headers_mut() = headers;
                let (parts, body) = http.request(request).await.map_err(chain)?.into_parts();
                let body = body.collect().await.map_err(chain)?.to_bytes();
                Ok((parts.status.as_u16(), parts.headers, body.to_vec()))
            }
            Self::InProcess(front, address) => {
                let body = match body {
                    Sent::Whole(body) => Body::from(body),
                    Sent::Unfinished => Body::from_stream(stream::pending::<Result<Vec<u8>, Infallible>>()),
                    Sent::Late(mut body, waits, gone) => {
                        let last = body.pop().into_iter().collect();
                        let last = stream::once(async move {
                            let _ = waits.send(());
                            let _ = gone.await;
                            Ok::<Vec<u8>, Infallible>(last)
                        });
                        Body::from_stream(stream::once(std::future::ready(Ok(body))).chain(last))
                    }
                };
                let mut request = request.uri(path).body(body).expect(well_formed);
                let host = Client::IN_PROCESS.trim_start_matches("http://");
                headers
                    .entry(header::HOST)
                    .or_insert(host.parse().expect("a host"));
                *request.headers_mut() = headers;
                request.extensions_mut().insert(Reached::at(Client::IN_PROCESS));
                let (parts, body) = front
                    .answer(SocketAddr::new(address, PORT), request)
                    .await
                    .into_parts();
                let body = body.collect().await.map_err(chain)?.to_bytes();
                Ok((parts.status.as_u16(), parts.headers, body.to_vec()))
            }
        }
    }
}

impl Client {
    /// The address of a server in this process.
    pub const IN_PROCESS: &'static str = "http://muniment.test";

    /// A caller without a credential, of the server at `base`, e.g. `http://127.0.0.1:4711`.
    pub fn new(base: impl Into<String>) -> Self {
        let http = Http::builder(TokioExecutor::new()).build_http();
        Self {
            to: Transport::Http(http, base.into()),
            authorization: None,
        }
    }

    /// A caller without a credential, of a server in this process.
    pub fn in_process(front: Arc<Front>) -> Self {
        Self {
            to: Transport::InProcess(front, Ipv4Addr::LOCALHOST.into()),
            authorization: None,
        }
    }

    /// The same caller, whose requests seem to come from this address. This works only with a server in this process.
    pub fn at(&self, address: &str) -> Self {
        let address = address.parse().expect("an address");
        let Transport::InProcess(front, _) = &self.to else {
            panic!("the address of a real connection is as it is");
        };
        Self {
            to: Transport::InProcess(Arc::clone(front), address),
            ..self.clone()
        }
    }

    /// The same caller without a credential.
    pub fn anonymous(&self) -> Self {
        Self {
            authorization: None,
            ..self.clone()
        }
    }

    /// The same caller with a token.
    pub fn bearer(&self, token: &str) -> Self {
        self.authorization(format!("Bearer {token}"))
    }

    /// The same caller, who sends a username and password with each request.
    pub fn basic(&self, username: &str, password: &str) -> Self {
        self.authorization(format!(
            "Basic {}",
            STANDARD.encode(format!("{username}:{password}"))
        ))
    }

    /// The same caller with this `Authorization` header.
    pub fn authorization(&self, value: impl Into<String>) -> Self {
        Self {
            authorization: Some(value.into()),
            ..self.clone()
        }
    }

    /// Logs in on the connectware face. The returned caller uses the token.
    pub async fn login(&self, username: &str, password: &str) -> Self {
        let body = serde_json::json!({ "username": username, "password": password });
        let answer = self.anonymous().post("/api/login", body).await.expect(200);
        self.bearer(answer.json()["token"].as_str().expect("token should be a string"))
    }

    /// The bearer token of this caller.
    pub fn token(&self) -> &str {
        let authorization = self
            .authorization
            .as_deref()
            .and_then(|value| value.strip_prefix("Bearer "));
        authorization.expect("this caller should have a bearer token")
    }

    pub fn get(&self, path: impl Into<String>) -> Call {
        self.call(Method::GET, path)
    }

    pub fn post(&self, path: impl Into<String>, body: Value) -> Call {
        self.call(Method::POST, path).json(&body)
    }

    pub fn put(&self, path: impl Into<String>, body: Value) -> Call {
        self.call(Method::PUT, path).json(&body)
    }

    pub fn delete(&self, path: impl Into<String>) -> Call {
        self.call(Method::DELETE, path)
    }

    pub fn delete_with_body(&self, path: impl Into<String>, body: Value) -> Call {
        self.call(Method::DELETE, path).json(&body)
    }

    /// A call with any method and without a body. `path` is sent as it is written.
    pub fn call(&self, method: Method, path: impl Into<String>) -> Call {
        let mut headers = HeaderMap::new();
        if let Some(value) = &self.authorization {
            headers.insert(header::AUTHORIZATION, value.parse().expect("a header value"));
        }
        Call {
            client: self.clone(),
            method,
            path: path.into(),
            headers,
            body: Sent::Whole(Vec::new()),
        }
    }
}

/// The body of a call.
#[derive(Debug)]
enum Sent {
    /// The whole body.
    Whole(Vec<u8>),
    /// A body that never arrives.
    Unfinished,
    /// A body whose last byte is held back: the server gets it when the receiver gets a message. The sender says when the server
    /// begins to wait for it.
    Late(Vec<u8>, oneshot::Sender<()>, oneshot::Receiver<()>),
}

/// A call whose body lacks the last byte.
#[derive(Debug)]
pub struct Held {
    go: oneshot::Sender<()>,
    answer: JoinHandle<Response>,
}

impl Held {
    /// Sends the last byte, and waits for the answer.
    pub async fn release(self) -> Response {
        let _ = self.go.send(());
        self.answer.await.expect("no panic")
    }
}

/// A call. Awaiting it makes the request.
#[derive(Debug)]
#[must_use = "a call is made when it is awaited"]
pub struct Call {
    client: Client,
    method: Method,
    path: String,
    headers: HeaderMap,
    body: Sent,
}

impl Call {
    /// Sets this header, and replaces headers of the same name.
    pub fn header(mut self, name: &'static str, value: impl AsRef<str>) -> Self {
        self.headers
            .insert(name, value.as_ref().parse().expect("a header value"));
        self
    }

    /// Adds a header, even if there is one of this name.
    pub fn one_more_header(mut self, name: &'static str, value: impl AsRef<str>) -> Self {
        self.headers
            .append(name, value.as_ref().parse().expect("a header value"));
        self
    }

    /// Sets this body and its content type. An empty content type is not sent.
    pub fn body(mut self, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        self.body = Sent::Whole(body.into());
        self.headers.remove(header::CONTENT_TYPE);
        if !content_type.is_empty() {
            self.headers.insert(
                header::CONTENT_TYPE,
                content_type.parse().expect("a header value"),
            );
        }
        self
    }

    /// Sends a body that never arrives. This works only with a server in this process.
    pub fn unfinished(mut self) -> Self {
        self.body = Sent::Unfinished;
        self
    }

    /// Sends the body except for its last byte, and waits until the server waits for this byte, or has answered. This works only with
    /// a server in this process.
    pub async fn hold_back(mut self) -> Held {
        let Sent::Whole(body) = self.body else {
            panic!("only a whole body can be held back");
        };
        let ((waits, waiting), (go, gone)) = (oneshot::channel(), oneshot::channel());
        self.body = Sent::Late(body, waits, gone);
        let answer = tokio::spawn(self.into_future());
        let _ = waiting.await;
        Held { go, answer }
    }

    fn json(self, body: &Value) -> Self {
        self.body("application/json", body.to_string())
    }
}

impl IntoFuture for Call {
    type Output = Response;
    type IntoFuture = Pin<Box<dyn Future<Output = Response> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let Self {
                client,
                method,
                path,
                headers,
                body,
            } = self;
            let call = format!("{method} {path}");
            let exchange = async {
                let (status, headers, body) = client.to.call(method, &path, headers, body).await?;
                Ok::<_, String>(Response {
                    call: call.clone(),
                    status,
                    headers,
                    body,
                })
            };
            match tokio::time::timeout(PATIENCE, exchange).await {
                Ok(Ok(response)) => response,
                Ok(Err(error)) => panic!("{call}: {error}"),
                Err(_) => panic!("{call}: no answer within {PATIENCE:?}"),
            }
        })
    }
}

/// The text of an error and of its causes.
fn chain(error: impl std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(&format!(": {cause}"));
        source = cause.source();
    }
    text
}

/// A whole answer.
#[derive(Clone)]
pub struct Response {
    call: String,
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} answered {}", self.call, self.status)?;
        for (name, value) in &self.headers {
            write!(f, "\n  {name}: {}", String::from_utf8_lossy(value.as_bytes()))?;
        }
        write!(f, "\n  {}", self.text())
    }
}

/// The body of every refusal of the connectware face.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub code: String,
    pub message: String,
}

impl Response {
    /// Fails unless the status is this one. A 204 must have no body.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{self:?}");
        assert!(status != 204 || self.body.is_empty(), "{self:?}");
        self
    }

    /// Fails unless the answer is a refusal with this status and the body that all refusals have.
    #[track_caller]
    pub fn expect_error(&self, status: u16) -> Problem {
        self.expect_error_in(&[status])
    }

    /// Like [`Self::expect_error`], where the contract allows several statuses.
    #[track_caller]
    pub fn expect_error_in(&self, statuses: &[u16]) -> Problem {
        assert!(statuses.contains(&self.status), "expected {statuses:?}: {self:?}");
        assert!(self.content_type().starts_with("application/json"), "{self:?}");
        let body = self.json();
        assert_keys(&body, &["code", "message"]);
        let text = |key: &str| {
            body[key]
                .as_str()
                .filter(|text| !text.is_empty())
                .map(str::to_owned)
        };
        match (text("code"), text("message")) {
            (Some(code), Some(message)) => Problem { code, message },
            _ => panic!("code and message should be texts: {self:?}"),
        }
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// A header's value. It is empty if the header does not exist.
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    pub fn content_type(&self) -> &str {
        self.header("content-type")
    }

    /// The position of the ledger in the answer to a write.
    #[track_caller]
    pub fn position(&self) -> i64 {
        let position = self.header("muniment-position");
        position
            .parse()
            .unwrap_or_else(|_| panic!("Muniment-Position should be a number: {self:?}"))
    }
}

/// Fails unless `value` is an object with exactly these keys.
#[track_caller]
pub fn assert_keys(value: &Value, keys: &[&str]) {
    let object = value
        .as_object()
        .unwrap_or_else(|| panic!("an object is expected: {value}"));
    let mut found: Vec<&str> = object.keys().map(String::as_str).collect();
    let mut wanted = keys.to_vec();
    found.sort_unstable();
    wanted.sort_unstable();
    assert_eq!(found, wanted, "the keys of {value}");
}
