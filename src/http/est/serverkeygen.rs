//! `POST /.well-known/est/serverkeygen`

use axum::{Router, routing};
use server::{App, Refusal, RefusalKind};

/// Refuses to make a key for somebody else (RFC 7030 section 4.4): a device makes its key itself, so nobody else ever has it. The document
/// does not name the path: it describes what this server does.
pub(crate) fn routes() -> Router<App> {
    Router::new().route("/.well-known/est/serverkeygen", routing::post(post_serverkeygen))
}

async fn post_serverkeygen() -> Refusal {
    Refusal::new(
        RefusalKind::NotFound,
        "not_supported",
        "this server makes no keys for others: make a key, and send a request for it to simpleenroll",
    )
}
