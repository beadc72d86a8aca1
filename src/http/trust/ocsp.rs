//! `/pki/ocsp`

use axum::{extract::State, response::Response};
use base64::{Engine, engine::general_purpose::STANDARD};
use pki::LONGEST_OCSP_REQUEST;
use server::{App, PathOf, RawBody, Refusal};

/// The type of an answer (RFC 6960, appendix A).
const ANSWER: &str = "application/ocsp-response";

/// Whether certificates are revoked (RFC 6960). A request that cannot be read gets an OCSP answer that says so.
#[utoipa::path(post, path = "/pki/ocsp", tag = "pki", security(()),
    request_body(content = crate::Der, description = "An OCSP request in DER", content_type = "application/ocsp-request"),
    responses((status = 200, description = "An OCSP answer in DER", body = crate::Der, content_type = "application/ocsp-response")))]
pub(crate) async fn post_ocsp(
    State(app): State<App>,
    RawBody(request): RawBody<LONGEST_OCSP_REQUEST>,
) -> Result<Response, Refusal> {
    let answer = app.issuing().ocsp(&request).await?;
    Ok(super::bytes(ANSWER, answer))
}

/// Like the POST, with the request in the path: the base64 of its DER.
#[utoipa::path(get, path = "/pki/ocsp/{request}", tag = "pki", security(()),
    params(("request" = String, Path, description = "The base64 of an OCSP request in DER, percent-encoded once")),
    responses((status = 200, description = "An OCSP answer in DER", body = crate::Der, content_type = "application/ocsp-response")))]
pub(crate) async fn get_ocsp(
    State(app): State<App>,
    PathOf(request): PathOf<String>,
) -> Result<Response, Refusal> {
    // Bytes that are no base64 become a request that cannot be read.
    let request = STANDARD
        .decode(request.trim_end_matches('\n'))
        .unwrap_or_default();
    let answer = app.issuing().ocsp(&request).await?;
    Ok(super::bytes(ANSWER, answer))
}
