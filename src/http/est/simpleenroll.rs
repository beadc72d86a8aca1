//! `POST /.well-known/est/simpleenroll`

use aggregates::values::Username;
use axum::{extract::State, response::Response};
use pki::{Csr, LONGEST_CSR};
use projections::user_directory;
use server::{App, Caller, Conflicts, RawBody, Refusal, Refusals, Wrote};

/// Issues a certificate to the caller (RFC 7030 section 4.2). The body is a certificate signing request: the base64 of its DER, or PEM.
#[utoipa::path(post, path = "/.well-known/est/simpleenroll", tag = "est",
    request_body(content = String, description = "A PKCS #10 request in base64", content_type = "application/pkcs10"),
    responses((status = 200, description = "A CMS message with the certificate, in base64", body = String, content_type = "application/pkcs7-mime"), Refusals, Conflicts))]
pub(crate) async fn post_simpleenroll(
    State(app): State<App>,
    caller: Caller,
    RawBody(body): RawBody<LONGEST_CSR>,
) -> Result<Wrote<Response>, Refusal> {
    let text = std::str::from_utf8(&body).map_err(|_| Refusal::invalid("the body must be base64"))?;
    let csr = Csr::parse(text).map_err(|error| Refusal::invalid(error.to_string()))?;
    let found = user_directory::find(app.ledger().db(), caller.user, app.clock.now()).await?;
    let user = found.ok_or_else(|| Refusal::not_found("user"))?;
    let username = Username::parse(&user.username)?;
    let url = app.live().public_url.clone();
    let days = app.settings.certificate_days;
    let ready = app
        .issuing()
        .issue(&csr, (caller.user, &username), days, url.as_deref())
        .await?;
    let response = super::certificates(&[&ready.issued.der]);
    let appended = caller.execute(&app, ready.commands).await?;
    Ok(Wrote(appended.position, response))
}
