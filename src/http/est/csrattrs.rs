//! `GET /.well-known/est/csrattrs`

use axum::http::StatusCode;

/// What a request must have (RFC 7030 section 4.5): nothing but its key and the username, so there is no content.
#[utoipa::path(get, path = "/.well-known/est/csrattrs", tag = "est", security(()),
    responses((status = 204, description = "A request needs no attributes")))]
pub(crate) async fn get_csrattrs() -> StatusCode {
    StatusCode::NO_CONTENT
}
