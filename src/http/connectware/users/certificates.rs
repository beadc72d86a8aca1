//! `/api/users/{id}/certificates`

use aggregates::{
    Command,
    user::UserCommand,
    values::{Certificate, Fingerprint, UserId},
};
use axum::{extract::State, http::StatusCode};
use serde::Deserialize;
use utoipa::ToSchema;

use server::{App, ByPath, Conflicts, JsonBody, Missing, PathOf, Permitted, Refusal, Refusals, Wrote, done};

/// Which certificate.
#[derive(Deserialize, ToSchema)]
#[schema(example = json!({"fingerprint": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"}))]
pub(crate) struct CertificateBody {
    /// SHA-256 or SHA-1 of its DER form, in hexadecimal; colons are allowed.
    fingerprint: String,
}

/// Lets a user present a certificate.
#[utoipa::path(post, path = "/api/users/{id}/certificates", tag = "users",
    params(("id" = String, Path, format = "uuid", description = "Id of the user")), request_body = CertificateBody,
    responses((status = 204, description = "Done"), Refusals, Missing, Conflicts))]
pub(crate) async fn post_certificate(
    State(app): State<App>,
    Permitted(caller, ..): Permitted<ByPath>,
    PathOf(id): PathOf<String>,
    JsonBody(body): JsonBody<CertificateBody>,
) -> Result<Wrote<StatusCode>, Refusal> {
    let certificate = Certificate {
        fingerprint: Fingerprint::parse(&body.fingerprint)?,
        created_at: app.clock.now(),
        expires_at: None,
    };
    let command = Command::User(UserId::parse(&id)?, UserCommand::AddCertificate(certificate));
    done(&app, &caller, vec![command]).await
}

/// No longer lets a user present a certificate.
#[utoipa::path(delete, path = "/api/users/{id}/certificates", tag = "users",
    params(("id" = String, Path, format = "uuid", description = "Id of the user")), request_body = CertificateBody,
    responses((status = 204, description = "Done"), Refusals, Missing, Conflicts))]
pub(crate) async fn delete_certificate(
    State(app): State<App>,
    Permitted(caller, ..): Permitted<ByPath>,
    PathOf(id): PathOf<String>,
    JsonBody(body): JsonBody<CertificateBody>,
) -> Result<Wrote<StatusCode>, Refusal> {
    let fingerprint = Fingerprint::parse(&body.fingerprint)?;
    let command = Command::User(
        UserId::parse(&id)?,
        UserCommand::RemoveCertificate { fingerprint },
    );
    done(&app, &caller, vec![command]).await
}
