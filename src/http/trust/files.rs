//! `GET /pki/{key id}.crl` and `GET /pki/{key id}.crt`

use axum::{extract::State, response::Response};
use server::{App, ErrorBody, PathOf, Refusal};

/// A file about one issuer: `KEYID.crl` is its revocation list, `KEYID.crt` its certificate; both in DER.
#[utoipa::path(get, path = "/pki/{file}", tag = "pki", security(()),
    params(("file" = String, Path, description = "The identifier of the issuer's key in hexadecimal digits, and `.crl` or `.crt`")),
    responses(
        (status = 200, description = "A revocation list or a certificate in DER", body = crate::Der, content_type = "application/pkix-crl"),
        (status = 404, description = "There is no such issuer", body = ErrorBody)
    ))]
pub(crate) async fn get_file(
    State(app): State<App>,
    PathOf(file): PathOf<String>,
) -> Result<Response, Refusal> {
    if let Some(key) = file.strip_suffix(".crl") {
        let list = app.issuing().crl(&super::key_of(key)?, None).await?;
        return Ok(super::bytes(super::CRL, list.der));
    }
    let key = file
        .strip_suffix(".crt")
        .ok_or_else(|| Refusal::not_found("file"))?;
    super::certificate::of(&app, &super::key_of(key)?).await
}
