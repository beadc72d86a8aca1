//! `DELETE /api/certificates/issued/{fingerprint}`

use aggregates::values::{Fingerprint, RevocationReason};
use axum::{extract::State, http::StatusCode};
use server::{App, ByPath, Conflicts, Missing, PathOf, Permitted, Query, Refusal, Refusals, Wrote, done};

/// Revokes a certificate that this server issued. Revocation lists and OCSP say so at once.
#[utoipa::path(delete, path = "/api/certificates/issued/{fingerprint}", tag = "certificates",
    params(
        ("fingerprint" = String, Path, description = "The SHA-256 of the certificate"),
        ("reason" = Option<String>, Query, description = "`unspecified` (default), `keyCompromise`, `affiliationChanged`, \
            `superseded`, `cessationOfOperation` or `privilegeWithdrawn`")
    ),
    responses((status = 204, description = "Done"), Refusals, Missing, Conflicts))]
pub(crate) async fn delete_issued(
    State(app): State<App>,
    Permitted(caller, ..): Permitted<ByPath>,
    PathOf(fingerprint): PathOf<String>,
    query: Query,
) -> Result<Wrote<StatusCode>, Refusal> {
    query.only(&["reason"])?;
    let fingerprint = Fingerprint::parse(&fingerprint)?;
    let reason = match query.one("reason")? {
        Some(reason) => RevocationReason::parse(reason)?,
        None => RevocationReason::Unspecified,
    };
    let commands = app.issuing().revocation(&fingerprint, reason).await?;
    let commands = commands.ok_or_else(|| Refusal::not_found("certificate"))?;
    done(&app, &caller, commands).await
}
