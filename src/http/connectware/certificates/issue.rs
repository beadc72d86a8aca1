//! `POST /api/certificates/issued`

use aggregates::values::{UserId, Username};
use axum::{Json, extract::State, http::StatusCode};
use pki::Csr;
use projections::user_directory;
use serde::{Deserialize, Serialize};
use server::{App, ByPath, Conflicts, JsonBody, Missing, Permitted, Refusal, Refusals, Wrote};
use utoipa::ToSchema;

/// For whom a certificate is asked.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NewCertificate {
    /// The user, who must exist.
    #[schema(example = "0b0ce5f8-6c1c-4b6f-9c6e-2f0f5d4b8a11")]
    user_id: String,
    /// A certificate signing request: the base64 of its PEM. Its only common name must be the username.
    #[schema(example = "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0K...")]
    csr: String,
}

/// A certificate that was issued.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NewCertificateOut {
    /// The certificate in PEM.
    certificate: String,
    /// The certificates above it in PEM, the nearest first.
    chain: String,
    /// The SHA-256 of the certificate in hexadecimal digits.
    fingerprint: String,
    /// Whether it expires earlier than `CERTIFICATE_DAYS` says, because its issuer does.
    shortened: bool,
}

/// Issues a certificate to a user, as a certificate signing request asks. The user may present it from then on.
#[utoipa::path(post, path = "/api/certificates/issued", tag = "certificates", request_body = NewCertificate,
    responses((status = 201, description = "Issued", body = NewCertificateOut), Refusals, Missing, Conflicts))]
pub(crate) async fn post_issued(
    State(app): State<App>,
    Permitted(caller, ..): Permitted<ByPath>,
    JsonBody(body): JsonBody<NewCertificate>,
) -> Result<Wrote<(StatusCode, Json<NewCertificateOut>)>, Refusal> {
    let user_id = UserId::parse(&body.user_id)?;
    let csr = Csr::parse(&body.csr).map_err(|error| Refusal::invalid(error.to_string()))?;
    let found = user_directory::find(app.ledger().db(), user_id, app.clock.now()).await?;
    let user = found.ok_or_else(|| Refusal::not_found("user"))?;
    let username = Username::parse(&user.username)?;
    let url = app.live().public_url.clone();
    let days = app.settings.certificate_days;
    let ready = app
        .issuing()
        .issue(&csr, (user_id, &username), days, url.as_deref())
        .await?;
    let out = NewCertificateOut {
        certificate: ready.pem(),
        fingerprint: ready.fingerprint(),
        shortened: ready.issued.is_shortened,
        chain: ready.chain,
    };
    let appended = caller.execute(&app, ready.commands).await?;
    Ok(Wrote(appended.position, (StatusCode::CREATED, Json(out))))
}
