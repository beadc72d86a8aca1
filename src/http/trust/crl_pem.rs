//! `GET /pki/ca.crl.pem`

use std::convert::Infallible;

use axum::{body::Body, extract::State, response::Response};
use futures_util::stream;
use server::{App, ErrorBody, Refusal};

/// The revocation lists of all our authorities in PEM, the newest authority first. Mosquitto needs this form.
#[utoipa::path(get, path = "/pki/ca.crl.pem", tag = "pki", security(()),
    responses(
        (status = 200, description = "Revocation lists in PEM", body = String, content_type = "application/x-pem-file"),
        (status = 404, description = "The authority does not exist yet", body = ErrorBody)
    ))]
pub(crate) async fn get_crl_pem(State(app): State<App>) -> Result<Response, Refusal> {
    let issuers = app.issuing().established().await?;
    let mut lists = Vec::new();
    for ours in issuers.signers() {
        let list = app.issuing().crl(&ours.key_id, None).await?;
        lists.push(Ok::<_, Infallible>(list.pem()));
    }
    // The lists are sent as they are kept: a copy of a large list for each client would be a way to fill the memory.
    Ok(super::bytes(super::PEM, Body::from_stream(stream::iter(lists))))
}
