//! How this API refuses: a message object (contracts/nx.md section 0). Clients show `Message`; the code of this server is in `BackendMessage`.

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use server::{Refusal, RefusalKind};

use crate::message::{Field, Message};

const fn status(kind: RefusalKind) -> StatusCode {
    match kind {
        RefusalKind::Invalid => StatusCode::BAD_REQUEST,
        RefusalKind::Unauthenticated => StatusCode::UNAUTHORIZED,
        RefusalKind::Forbidden => StatusCode::FORBIDDEN,
        RefusalKind::NotFound => StatusCode::NOT_FOUND,
        RefusalKind::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
        RefusalKind::Timeout => StatusCode::REQUEST_TIMEOUT,
        RefusalKind::Conflict => StatusCode::CONFLICT,
        RefusalKind::Locked => StatusCode::LOCKED,
        RefusalKind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        RefusalKind::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        RefusalKind::TooManyRequests => StatusCode::TOO_MANY_REQUESTS,
        RefusalKind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
    }
}

/// Renders a refusal.
pub(crate) fn refuse(refusal: &Refusal) -> Response {
    let unauthenticated = refusal.kind == RefusalKind::Unauthenticated;
    let name = refusal.field.unwrap_or_default();
    let about_field = refusal.field.map(|_| refusal.message.to_string());
    let body = Message {
        authorization_invalid: unauthenticated,
        backend_message: refusal.code.to_owned(),
        field: Field {
            message: about_field.unwrap_or_default(),
            name: name.to_owned(),
        },
        ..Message::of(&refusal.message)
    };
    let mut response = (status(refusal.kind), Json(body)).into_response();
    let headers = response.headers_mut();
    if unauthenticated {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    if let Some(seconds) = refusal.retry_after {
        headers.insert(header::RETRY_AFTER, seconds.into());
    }
    response
}
