//! `GET /pki/ca.pem`

use axum::{extract::State, response::Response};
use server::{App, ErrorBody, Refusal};

/// The certificates of all our authorities in PEM, the current one first. A broker trusts the devices of this server if it trusts
/// these.
#[utoipa::path(get, path = "/pki/ca.pem", tag = "pki", security(()),
    responses(
        (status = 200, description = "Certificates in PEM", body = String, content_type = "application/x-pem-file"),
        (status = 404, description = "The authority does not exist yet", body = ErrorBody)
    ))]
pub(crate) async fn get_ca(State(app): State<App>) -> Result<Response, Refusal> {
    let issuers = app.issuing().established().await?;
    let certificates = issuers.certificates();
    let pem: String = certificates
        .iter()
        .map(|der| pki::pem("CERTIFICATE", der))
        .collect();
    Ok(super::bytes(super::PEM, pem.into_bytes()))
}
