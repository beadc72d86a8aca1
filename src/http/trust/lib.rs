//! What brokers and other relying parties need from the certificate authority, `/pki`. None of it is secret, and relying parties
//! have no credential.

mod ca_pem;
mod certificate;
mod crl;
mod crl_pem;
mod files;
mod ocsp;
mod partition;

use aggregates::values::{Audience, KeyId};
use axum::{
    http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue},
    response::{IntoResponse, Response},
};
use server::{App, Credential, Face, Giving, Listener, Refusal, code_and_message};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

/// This face.
pub const FACE: Face = Face {
    name: "trust",
    mounts: &["/pki"],
    listener: Listener::Clients,
    routes,
    tags: &[("pki", "Certificates of authorities, revocation lists and OCSP")],
    credentials: &[Credential::Bearer],
    audience: Audience::Connectware,
    refuse: code_and_message,
    any_request_id: false,
    asked_by_proxies: false,
    public: &[
        ("get", "/pki/ca.pem"),
        ("get", "/pki/ca.crl"),
        ("get", "/pki/ca.crl.pem"),
        ("get", "/pki/{file}"),
        ("get", "/pki/{key}/{file}"),
        ("get", "/pki/ocsp/{*request}"),
        ("post", "/pki/ocsp"),
    ],
    own: &[],
    left: &[],
    giving: Giving::NOTHING,
    rehearsals: &[],
    settings: &[],
    first_start: |_| Ok(Vec::new()),
};

fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(ca_pem::get_ca))
        .routes(routes!(crl::get_crl))
        .routes(routes!(crl_pem::get_crl_pem))
        .routes(routes!(files::get_file))
        .routes(routes!(partition::get_partition))
        .routes(routes!(ocsp::get_ocsp))
        .routes(routes!(ocsp::post_ocsp))
}

/// A response with bytes of this type. A revocation counts at once, so nobody may keep the response without asking again.
fn bytes(content_type: &'static str, bytes: impl IntoResponse) -> Response {
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static(content_type)),
        (
            CACHE_CONTROL,
            HeaderValue::from_static("max-age=0, must-revalidate"),
        ),
    ];
    (headers, bytes).into_response()
}

/// Bytes in DER, for the document.
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary)]
#[expect(dead_code, reason = "only the document has this type")]
pub(crate) struct Der(Vec<u8>);

/// The key identifier in a path.
fn key_of(text: &str) -> Result<KeyId, Refusal> {
    KeyId::parse(text).map_err(|_| Refusal::not_found("issuer"))
}

/// The type of a PEM file.
const PEM: &str = "application/x-pem-file";
/// The type of a revocation list (RFC 2585).
const CRL: &str = "application/pkix-crl";
