//! Requests to the management interface of a broker.
//!
//! A kick is rare, so each request has a connection of its own. hyper is in the program for the server already; a client with a pool would
//! add much for nothing.

use axum::{
    body::{Body, to_bytes},
    http::{Method, Request, StatusCode, header},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use tokio::net::TcpStream;

use super::{Broker, kick::KickError};

/// The longest answer that is read, in bytes.
const MOST: usize = 4 << 20;
/// What a path segment or a query value may contain as it is.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// A text as a segment of a path, or as a value of a query.
pub(super) fn encoded(text: &str) -> String {
    utf8_percent_encode(text, UNRESERVED).to_string()
}

/// The answer of a broker.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    /// The JSON of the answer; null if it is not JSON.
    pub(super) json: Value,
}

impl Answer {
    /// The JSON of an answer that is no refusal.
    pub(super) fn accepted(self) -> Result<Value, KickError> {
        match self.status.is_success() {
            true => Ok(self.json),
            false => Err(KickError::status(self.status)),
        }
    }
}

/// Sends a request to a broker, with the credentials of the settings.
pub(super) async fn send(
    broker: &Broker,
    method: Method,
    path: &str,
    body: Option<Value>,
) -> Result<Answer, KickError> {
    let stream = TcpStream::connect(broker.address()).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let credentials = format!("{}:{}", broker.username, broker.password.as_str());
    let request = Request::builder()
        .method(method)
        .uri(format!("{}{path}", broker.prefix()))
        .header(header::HOST, broker.address())
        .header(
            header::AUTHORIZATION,
            format!("Basic {}", STANDARD.encode(credentials)),
        )
        .header(header::CONTENT_TYPE, "application/json")
        .body(body.map_or_else(Body::empty, |body| Body::from(body.to_string())))
        .map_err(|_| KickError::status("nothing, since the request cannot be written"))?;
    let answered = async move {
        let answer = sender.send_request(request).await?;
        let status = answer.status();
        let bytes = to_bytes(Body::new(answer.into_body()), MOST).await;
        let json = bytes.ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
        Ok::<_, KickError>(Answer {
            status,
            json: json.unwrap_or_default(),
        })
    };
    tokio::select! {
        answer = answered => answer,
        // The connection ends only after the answer, unless it breaks.
        Err(broken) = connection => Err(broken.into()),
    }
}
