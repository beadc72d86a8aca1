//! How OAuth 2.0 refuses: `error` and `error_description` (RFC 6749 section 5.2, RFC 6750 section 3.1).

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::json;
use server::{Refusal, RefusalKind, oauth::INVALID_CLIENT};

/// The grant is of a type that this endpoint does not know.
pub(crate) const UNSUPPORTED_GRANT_TYPE: &str = "unsupported_grant_type";
/// The scope is unknown.
pub(crate) const INVALID_SCOPE: &str = "invalid_scope";
/// The username, the password or another proof is not good.
pub(crate) const INVALID_GRANT: &str = "invalid_grant";

/// The token would be for something that is unknown (RFC 8693 section 2.2.2).
pub(crate) const INVALID_TARGET: &str = "invalid_target";

/// The codes of OAuth 2.0 that code of this face refuses with.
const OF_OAUTH: [&str; 5] = [
    INVALID_TARGET,
    UNSUPPORTED_GRANT_TYPE,
    INVALID_SCOPE,
    INVALID_GRANT,
    INVALID_CLIENT,
];

fn error(refusal: &Refusal) -> &'static str {
    if OF_OAUTH.contains(&refusal.code) {
        return refusal.code;
    }
    match refusal.kind {
        RefusalKind::Unauthenticated => "invalid_token",
        RefusalKind::Forbidden => "insufficient_scope",
        RefusalKind::Conflict | RefusalKind::Locked => INVALID_GRANT,
        RefusalKind::TooManyRequests | RefusalKind::Unavailable => "temporarily_unavailable",
        RefusalKind::Invalid
        | RefusalKind::NotFound
        | RefusalKind::MethodNotAllowed
        | RefusalKind::Timeout
        | RefusalKind::TooLarge
        | RefusalKind::UnsupportedMediaType => "invalid_request",
    }
}

fn status(refusal: &Refusal) -> StatusCode {
    match refusal.kind {
        // RFC 6749 has no other status for what is wrong with a grant.
        RefusalKind::Invalid | RefusalKind::Conflict | RefusalKind::Locked => StatusCode::BAD_REQUEST,
        RefusalKind::Unauthenticated => StatusCode::UNAUTHORIZED,
        RefusalKind::Forbidden => StatusCode::FORBIDDEN,
        RefusalKind::NotFound => StatusCode::NOT_FOUND,
        RefusalKind::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
        RefusalKind::Timeout => StatusCode::REQUEST_TIMEOUT,
        RefusalKind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        RefusalKind::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        RefusalKind::TooManyRequests => StatusCode::TOO_MANY_REQUESTS,
        RefusalKind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
    }
}

/// A description may have printable ASCII, without quotes and backslashes.
fn described(message: &str) -> String {
    let allowed = |c: char| match c {
        '"' => '\'',
        '\\' => '/',
        ' '..='~' => c,
        _ => '?',
    };
    message.chars().map(allowed).collect()
}

/// How a caller can prove who they are (RFC 7617 section 2, RFC 6750 section 3).
fn challenge(refusal: &Refusal) -> Option<&'static str> {
    match (refusal.kind, refusal.code) {
        (RefusalKind::Unauthenticated, INVALID_CLIENT) => Some(r#"Basic realm="muniment""#),
        // No token was sent.
        (RefusalKind::Unauthenticated, INVALID_GRANT) => Some(r#"Bearer realm="muniment""#),
        (RefusalKind::Unauthenticated, _) => Some(r#"Bearer realm="muniment", error="invalid_token""#),
        (RefusalKind::Forbidden, _) => Some(r#"Bearer realm="muniment", error="insufficient_scope""#),
        _ => None,
    }
}

/// Renders a refusal.
pub(crate) fn refuse(refusal: &Refusal) -> Response {
    let body = json!({ "error": error(refusal), "error_description": described(&refusal.message) });
    let mut response = (status(refusal), Json(body)).into_response();
    let headers = response.headers_mut();
    if let Some(challenge) = challenge(refusal) {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
    }
    if let Some(seconds) = refusal.retry_after {
        headers.insert(header::RETRY_AFTER, seconds.into());
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_has_only_the_characters_that_it_may_have() {
        assert_eq!(described("a \"b\" \\ c\n\u{e4}~"), "a 'b' / c??~");
    }
}
