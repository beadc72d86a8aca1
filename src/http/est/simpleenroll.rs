//! `POST /.well-known/est/simpleenroll`

use axum::{extract::State, response::Response};
use pki::LONGEST_CSR;
use server::{App, Caller, Conflicts, RawBody, Refusal, Refusals, Wrote};

use crate::enrol::enrol;

/// Issues a certificate to the caller (RFC 7030 section 4.2.1). The body is a certificate signing request: the base64 of its DER, or PEM.
#[utoipa::path(post, path = "/.well-known/est/simpleenroll", tag = "est",
    request_body(content = String, description = "A PKCS #10 request in base64", content_type = "application/pkcs10"),
    responses((status = 200, description = "A CMS message with the certificate, in base64", body = String, content_type = "application/pkcs7-mime"), Refusals, Conflicts))]
pub(crate) async fn post_simpleenroll(
    State(app): State<App>,
    caller: Caller,
    RawBody(body): RawBody<LONGEST_CSR>,
) -> Result<Wrote<Response>, Refusal> {
    enrol(&app, &caller, &body, None).await
}
