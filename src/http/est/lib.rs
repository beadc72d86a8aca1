//! Enrolment over secure transport (EST, RFC 7030), `/.well-known/est`: a device gets its certificate by a protocol that its
//! maker knows already.

mod cacerts;
mod csrattrs;
mod enrol;
mod serverkeygen;
mod simpleenroll;
mod simplereenroll;

use aggregates::values::Audience;
use axum::{
    http::{
        HeaderValue, StatusCode,
        header::{self, HeaderName},
    },
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use server::{App, Credential, Face, Giving, Listener, Refusal, code_and_message};
use utoipa_axum::{router::OpenApiRouter, routes};

/// This face.
pub const FACE: Face = Face {
    name: "est",
    mounts: &["/.well-known/est"],
    listener: Listener::Clients,
    routes,
    tags: &[("est", "Enrolment of devices (RFC 7030)")],
    credentials: &[Credential::Basic, Credential::Bearer],
    audience: Audience::Connectware,
    refuse,
    any_request_id: false,
    asked_by_proxies: false,
    public: &[
        ("get", "/.well-known/est/cacerts"),
        ("get", "/.well-known/est/csrattrs"),
        ("post", "/.well-known/est/serverkeygen"),
    ],
    own: &[
        ("post", "/.well-known/est/simpleenroll"),
        ("post", "/.well-known/est/simplereenroll"),
    ],
    left: &[],
    giving: Giving::NOTHING,
    rehearsals: &[],
    settings: &[],
    first_start: |_| Ok(Vec::new()),
};

fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(cacerts::get_cacerts))
        .routes(routes!(csrattrs::get_csrattrs))
        .routes(routes!(simpleenroll::post_simpleenroll))
        .routes(routes!(simplereenroll::post_simplereenroll))
        .routes(routes!(serverkeygen::post_serverkeygen))
}

/// EST has no form of refusals. Clients of EST know HTTP Basic.
fn refuse(refusal: &Refusal) -> Response {
    let mut response = code_and_message(refusal);
    if response.status() == StatusCode::UNAUTHORIZED {
        let basic = HeaderValue::from_static("Basic realm=\"est\"");
        response.headers_mut().insert(header::WWW_AUTHENTICATE, basic);
    }
    response
}

/// The response with certificates: a CMS message in base64, in one line, since some clients read no line breaks.
fn certificates(certificates: &[&[u8]]) -> Response {
    const TRANSFER_ENCODING: HeaderName = HeaderName::from_static("content-transfer-encoding");
    let headers = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/pkcs7-mime; smime-type=certs-only"),
        ),
        (TRANSFER_ENCODING, HeaderValue::from_static("base64")),
    ];
    (headers, STANDARD.encode(pki::certificates_only(certificates))).into_response()
}
