//! `DELETE /api/certificates`

use aggregates::{Command, authority::AuthorityCommand, values::AuthorityId};
use axum::{extract::State, http::StatusCode};
use server::{App, ByPath, Conflicts, Missing, Permitted, Query, Refusal, Refusals, Wrote, done};

use super::content::id_of;

/// Deletes the certificate of an authority that somebody uploaded.
#[utoipa::path(delete, path = "/api/certificates", tag = "certificates",
    params(("id" = String, Query, description = "The SHA-256 of the certificate")),
    responses((status = 204, description = "Done"), Refusals, Missing, Conflicts))]
pub(crate) async fn delete_certificate_of_authority(
    State(app): State<App>,
    Permitted(caller, ..): Permitted<ByPath>,
    query: Query,
) -> Result<Wrote<StatusCode>, Refusal> {
    let fingerprint = id_of(&query)?;
    let command = AuthorityCommand::RemoveCertificate { fingerprint };
    done(&app, &caller, vec![Command::Authority(AuthorityId::ONE, command)]).await
}
