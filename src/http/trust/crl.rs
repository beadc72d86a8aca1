//! `GET /pki/ca.crl`

use axum::{extract::State, response::Response};
use server::{App, ErrorBody, Refusal};

/// The revocation list of the current issuer in DER.
#[utoipa::path(get, path = "/pki/ca.crl", tag = "pki", security(()),
    responses(
        (status = 200, description = "A revocation list in DER", body = crate::Der, content_type = "application/pkix-crl"),
        (status = 404, description = "The authority does not exist yet", body = ErrorBody)
    ))]
pub(crate) async fn get_crl(State(app): State<App>) -> Result<Response, Refusal> {
    let issuers = app.issuing().established().await?;
    let list = app.issuing().crl(&issuers.current()?.key_id, None).await?;
    Ok(super::bytes(super::CRL, list.der))
}
