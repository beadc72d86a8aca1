//! `GET /.well-known/est/cacerts`

use axum::{extract::State, response::Response};
use server::{App, Refusal};

/// The certificates of all our authorities (RFC 7030 section 4.1).
#[utoipa::path(get, path = "/.well-known/est/cacerts", tag = "est", security(()),
    responses((status = 200, description = "A CMS message with certificates, in base64", body = String, content_type = "application/pkcs7-mime")))]
pub(crate) async fn get_cacerts(State(app): State<App>) -> Result<Response, Refusal> {
    let url = app.live().public_url.clone();
    let issuers = app.issuing().issuers(url.as_deref()).await?;
    Ok(super::certificates(&issuers.certificates()))
}
