//! How this API refuses (contracts/os2iot.md section 0): `statusCode`, `message` and `error`; under `/auth` the status, the time and the path.

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};
use server::{API_KEY_EXPIRED, API_KEY_UNKNOWN, Refusal, RefusalKind};

use crate::fields::VALIDATION;

/// The code of a refusal because the caller has the level of an operation in no organisation.
pub(crate) const FORBIDDEN_RESOURCE: &str = "forbidden_resource";
/// The code of an id that is not a number.
pub(crate) const NOT_NUMERIC: &str = "not_numeric";

/// The published message for a code of this server, if there is one.
fn published(refusal: &Refusal) -> Option<&'static str> {
    Some(match refusal.code {
        API_KEY_UNKNOWN => "MESSAGE.API-KEY-AUTH-FAILED",
        API_KEY_EXPIRED => "MESSAGE.API-KEY-EXPIRED",
        "unauthorized" => "Unauthorized",
        FORBIDDEN_RESOURCE => "Forbidden resource",
        "forbidden" | "not_held" | "no_member" | "global_level" => "Forbidden",
        "email_taken" => "MESSAGE.EMAIL-ALREADY-IN-USE",
        "organisation_name_taken" => "MESSAGE.ORGANIZATION-ALREADY-EXISTS",
        "application_name_taken" => "MESSAGE.NAME-INVALID-OR-ALREADY-IN-USE",
        "unknown_organisation" => "MESSAGE.ORGANIZATION-DOES-NOT-EXISTS",
        "unknown_account" | "not_requested" => "MESSAGE.USER-DOES-NOT-EXIST",
        "unknown_group" | "unknown_application" | "unknown_api_key" | "not_found" => {
            "MESSAGE.ID-DOES-NOT-EXIST"
        }
        "user_already_in_group" => "MESSAGE.USER-ALREADY-IN-PERMISSION",
        "has_email" => "MESSAGE.USER-ALREADY-HAVE-MAIL",
        "level_twice" => "MESSAGE.DUPLICATE-PERMISSION-TYPES",
        "password_policy" | "password_weak" | "password_listed" => {
            "MESSAGE.PASSWORD-DOES-NOT-MEET-REQUIREMENTS"
        }
        NOT_NUMERIC => "Validation failed (numeric string is expected)",
        _ => return None,
    })
}

fn status(refusal: &Refusal) -> StatusCode {
    match refusal.kind {
        // The published server knows no 409: what is taken is a bad request.
        RefusalKind::Invalid | RefusalKind::Conflict => StatusCode::BAD_REQUEST,
        RefusalKind::Unauthenticated => StatusCode::UNAUTHORIZED,
        RefusalKind::Forbidden => StatusCode::FORBIDDEN,
        RefusalKind::NotFound => StatusCode::NOT_FOUND,
        RefusalKind::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
        RefusalKind::Timeout => StatusCode::REQUEST_TIMEOUT,
        RefusalKind::Locked => StatusCode::LOCKED,
        RefusalKind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        RefusalKind::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        RefusalKind::TooManyRequests => StatusCode::TOO_MANY_REQUESTS,
        RefusalKind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
    }
}

/// Renders a refusal.
pub(crate) fn refuse(refusal: &Refusal) -> Response {
    let status = status(refusal);
    let message: Value = match (refusal.code, published(refusal)) {
        (VALIDATION, _) => serde_json::from_str(&refusal.message).unwrap_or_default(),
        (_, Some(message)) => message.into(),
        (_, None) => refusal.message.clone().into(),
    };
    let mut body = json!({ "statusCode": status.as_u16(), "message": message });
    // A plain refusal names the error only in its message.
    let reason = status.canonical_reason().unwrap_or_default();
    if let (Some(body), true) = (body.as_object_mut(), body_names_error(&message, reason)) {
        body.insert("error".to_owned(), reason.into());
    }
    with_headers(refusal, (status, Json(body)).into_response())
}

fn body_names_error(message: &Value, reason: &str) -> bool {
    message.as_str() != Some(reason)
}

/// Renders a refusal of an endpoint under `/auth`: all look alike.
pub(crate) fn refuse_under_auth(refusal: &Refusal) -> Response {
    let status = status(refusal);
    let (path, at) = match &refusal.asked {
        Some((path, at)) => (path.as_str(), at.to_millis_string()),
        None => ("", String::new()),
    };
    let body = json!({ "statusCode": status.as_u16(), "timestamp": at, "path": path });
    with_headers(refusal, (status, Json(body)).into_response())
}

fn with_headers(refusal: &Refusal, mut response: Response) -> Response {
    let headers = response.headers_mut();
    if refusal.kind == RefusalKind::Unauthenticated {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    if let Some(seconds) = refusal.retry_after {
        headers.insert(header::RETRY_AFTER, seconds.into());
    }
    response
}
