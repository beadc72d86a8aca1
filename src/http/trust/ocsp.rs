//! `/pki/ocsp`

use axum::{
    extract::State,
    http::header::{CACHE_CONTROL, HeaderValue},
    response::Response,
};
use base64::{
    Engine,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use pki::LONGEST_OCSP_REQUEST;
use server::{App, PathOf, RawBody, Refusal, issuing::OcspAnswer};

/// The type of an answer (RFC 6960, appendix A).
const ANSWER: &str = "application/ocsp-response";

/// Some clients leave out the padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Whether certificates are revoked (RFC 6960). A request that cannot be read gets an OCSP answer that says so.
#[utoipa::path(post, path = "/pki/ocsp", tag = "pki", security(()),
    request_body(content = crate::Der, description = "An OCSP request in DER", content_type = "application/ocsp-request"),
    responses((status = 200, description = "An OCSP answer in DER", body = crate::Der, content_type = "application/ocsp-response")))]
pub(crate) async fn post_ocsp(
    State(app): State<App>,
    RawBody(request): RawBody<LONGEST_OCSP_REQUEST>,
) -> Result<Response, Refusal> {
    let answer = answer(&app, &request).await?;
    Ok(super::bytes(ANSWER, answer.der.to_vec()))
}

/// Like the POST, with the request in the path: the base64 of its DER. The slashes in it may be percent-encoded or not. The answer may be
/// cached as long as `OCSP_MAX_AGE` says.
#[utoipa::path(get, path = "/pki/ocsp/{*request}", tag = "pki", security(()),
    params(("request" = String, Path, description = "The base64 of an OCSP request in DER, percent-encoded once")),
    responses((status = 200, description = "An OCSP answer in DER", body = crate::Der, content_type = "application/ocsp-response")))]
pub(crate) async fn get_ocsp(
    State(app): State<App>,
    PathOf(request): PathOf<String>,
) -> Result<Response, Refusal> {
    // Bytes that are no base64 become a request that cannot be read.
    let request = BASE64.decode(request.trim_end_matches('\n')).unwrap_or_default();
    let OcspAnswer { der, reusable } = answer(&app, &request).await?;
    let mut response = super::bytes(ANSWER, der.to_vec());
    // RFC 5019 section 6.2.
    let cache = format!("max-age={reusable}, public, no-transform, must-revalidate");
    if reusable > 0
        && let Ok(cache) = HeaderValue::try_from(cache)
    {
        response.headers_mut().insert(CACHE_CONTROL, cache);
    }
    Ok(response)
}

async fn answer(app: &App, request: &[u8]) -> Result<OcspAnswer, Refusal> {
    // If the memory of this process may be old, the database must answer.
    let max_age = match app.fresh() {
        Ok(()) => app.settings.ocsp_max_age,
        Err(_) => 0,
    };
    Ok(app.issuing().ocsp(request, max_age).await?)
}
