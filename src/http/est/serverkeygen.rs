//! `POST /.well-known/est/serverkeygen`

use server::{ErrorBody, Refusal, RefusalKind};

/// Refuses to make a key for somebody else (RFC 7030 section 4.4): a device makes its key itself, so nobody else ever has it.
#[utoipa::path(post, path = "/.well-known/est/serverkeygen", tag = "est", security(()),
    responses((status = 404, description = "This server makes no keys for others", body = ErrorBody)))]
pub(crate) async fn post_serverkeygen() -> Refusal {
    Refusal::new(
        RefusalKind::NotFound,
        "not_supported",
        "this server makes no keys for others: make a key, and send a request for it to simpleenroll",
    )
}
