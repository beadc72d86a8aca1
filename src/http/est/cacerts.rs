//! `GET /.well-known/est/cacerts`

use axum::{extract::State, response::Response};
use server::{App, ErrorBody, Refusal};

/// The certificates of all our authorities (RFC 7030 section 4.1).
#[utoipa::path(get, path = "/.well-known/est/cacerts", tag = "est", security(()),
    responses(
        (status = 200, description = "A CMS message with certificates, in base64", body = String, content_type = "application/pkcs7-mime"),
        (status = 404, description = "The authority does not exist yet", body = ErrorBody)
    ))]
pub(crate) async fn get_cacerts(State(app): State<App>) -> Result<Response, Refusal> {
    let issuers = app.issuing().established().await?;
    Ok(super::certificates(&issuers.certificates()))
}
