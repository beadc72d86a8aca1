//! How this face refuses. Some proxies show the answer to the client: it says nothing about rights.

use axum::{http::StatusCode, response::Response};
use server::{Refusal, RefusalKind, code_and_message};

/// The message for a client whose request does not pass. The evidence has the reason.
const FORBIDDEN: &str = "the caller may not make this request";

/// Renders a refusal.
pub(crate) fn refuse(refusal: &Refusal) -> Response {
    let mut shown = refusal.clone();
    if refusal.kind == RefusalKind::Forbidden {
        shown.message = FORBIDDEN.into();
    }
    let mut response = code_and_message(&shown);
    // For nginx, every other refusal is a failure of ours. It keeps the request from passing, too.
    if refusal.kind == RefusalKind::MethodNotAllowed {
        *response.status_mut() = StatusCode::FORBIDDEN;
    }
    response
}
