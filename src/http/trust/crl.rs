//! `GET /pki/ca.crl`

use axum::{extract::State, response::Response};
use server::{App, Refusal};

/// The revocation list of the current issuer in DER.
#[utoipa::path(get, path = "/pki/ca.crl", tag = "pki", security(()),
    responses((status = 200, description = "A revocation list in DER", body = crate::Der, content_type = "application/pkix-crl")))]
pub(crate) async fn get_crl(State(app): State<App>) -> Result<Response, Refusal> {
    let url = app.live().public_url.clone();
    let issuers = app.issuing().issuers(url.as_deref()).await?;
    let list = app.issuing().crl(&issuers.current()?.key_id, None).await?;
    Ok(super::bytes(super::CRL, list.to_vec()))
}
