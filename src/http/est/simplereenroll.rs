//! `POST /.well-known/est/simplereenroll`

use axum::{extract::State, response::Response};
use pki::LONGEST_CSR;
use server::{App, Conflicts, RawBody, Refusal, Refusals, Renewing, Wrote};

use crate::enrol::enrol;

/// Renews the certificate that the client shows on the connection (RFC 7030 section 4.2.2). The certificate may have expired for at most
/// `CERTIFICATE_GRACE_DAYS`. The body is a certificate signing request, for the same key or a new one.
#[utoipa::path(post, path = "/.well-known/est/simplereenroll", tag = "est",
    request_body(content = String, description = "A PKCS #10 request in base64", content_type = "application/pkcs10"),
    responses((status = 200, description = "A CMS message with the certificate, in base64", body = String, content_type = "application/pkcs7-mime"), Refusals, Conflicts))]
pub(crate) async fn post_simplereenroll(
    State(app): State<App>,
    renewing: Renewing,
    RawBody(body): RawBody<LONGEST_CSR>,
) -> Result<Wrote<Response>, Refusal> {
    enrol(&app, &renewing.caller, &body, Some(renewing.certificate()?)).await
}
