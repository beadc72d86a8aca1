//! Requests to the management interface of a broker.

use axum::{
    body::{Body, to_bytes},
    http::{Method, Request, StatusCode, header},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use super::{kick::KickError, reach::Reach};

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
            false => Err(KickError::refused(self.status)),
        }
    }
}

/// Sends a request to a broker, with the credentials of the settings.
pub(super) async fn send(
    reach: &Reach,
    method: Method,
    path: &str,
    body: Option<Value>,
) -> Result<Answer, KickError> {
    let broker = &reach.broker;
    let credentials = format!("{}:{}", broker.username, broker.password.as_str());
    let request = Request::builder()
        .method(method)
        .uri(format!("{}{path}", broker.base()))
        .header(
            header::AUTHORIZATION,
            format!("Basic {}", STANDARD.encode(credentials)),
        )
        .header(header::CONTENT_TYPE, "application/json")
        .body(body.map_or_else(Body::empty, |body| Body::from(body.to_string())))
        .map_err(|_| KickError::refused("nothing, since the request cannot be written"))?;
    let answer = reach.http.request(request).await?;
    let status = answer.status();
    let bytes = to_bytes(Body::new(answer.into_body()), MOST).await;
    let json = bytes.ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
    Ok(Answer {
        status,
        json: json.unwrap_or_default(),
    })
}
