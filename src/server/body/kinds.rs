//! The content types of bodies.

use axum::http::{HeaderMap, HeaderName, header};

use crate::{
    browsers::SEC_FETCH_SITE,
    refusal::{Refusal, RefusalKind},
};

/// The content type of JSON.
pub(super) const JSON: &str = "application/json";

/// The headers that browsers add to requests of pages.
pub(super) const BROWSERS: [HeaderName; 2] = [header::ORIGIN, SEC_FETCH_SITE];

pub(super) fn must_be_json(headers: &HeaderMap) -> Result<(), Refusal> {
    match is_json(headers) {
        true => Ok(()),
        false => Err(not_json()),
    }
}

/// Whether the headers let the body count as JSON.
pub(super) fn is_json(headers: &HeaderMap) -> bool {
    let mut kinds = headers.get_all(header::CONTENT_TYPE).iter();
    match (kinds.next(), kinds.next()) {
        (Some(kind), None) => kind.to_str().is_ok_and(is_json_type),
        (None, _) => !is_of_browser(headers),
        (Some(_), Some(_)) => false,
    }
}

/// Whether a browser sent the request.
pub(super) fn is_of_browser(headers: &HeaderMap) -> bool {
    BROWSERS.iter().any(|name| headers.contains_key(name))
}

/// Whether a content type is JSON.
pub(crate) fn is_json_type(kind: &str) -> bool {
    let essence = essence(kind);
    essence == JSON || (essence.starts_with("application/") && essence.ends_with("+json"))
}

/// A content type without its parameters.
pub(super) fn essence(kind: &str) -> String {
    let essence = kind.split(';').next().unwrap_or_default();
    essence.trim().to_ascii_lowercase()
}

pub(super) fn not_json() -> Refusal {
    unsupported("the body must be application/json")
}

pub(super) fn unsupported(message: &'static str) -> Refusal {
    Refusal::new(
        RefusalKind::UnsupportedMediaType,
        "unsupported_media_type",
        message,
    )
}
