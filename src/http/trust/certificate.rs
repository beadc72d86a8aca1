//! The certificate of one issuer.

use aggregates::values::KeyId;
use axum::response::Response;
use server::{App, Refusal};

/// The type of a certificate (RFC 2585).
const CERTIFICATE: &str = "application/pkix-cert";

/// The response with the certificate of an issuer in DER.
pub(crate) async fn of(app: &App, key_id: &KeyId) -> Result<Response, Refusal> {
    let mut issuers = app.issuing().known();
    if issuers.with_key(key_id).is_none() {
        issuers = app.issuing().read().await?;
    }
    let ours = issuers
        .with_key(key_id)
        .ok_or_else(|| Refusal::not_found("issuer"))?;
    Ok(super::bytes(CERTIFICATE, ours.issuer.der().to_vec()))
}
