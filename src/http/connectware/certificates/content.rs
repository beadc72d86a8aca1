//! `GET /api/certificates/content`

use aggregates::values::Fingerprint;
use axum::extract::State;
use base64::{Engine, engine::general_purpose::STANDARD};
use projections::issued_certificates;
use server::{App, ByPath, Missing, Permitted, Query, Refusal, Refusals};

use super::wire::{all, issuers};

/// A certificate in PEM: one of an authority, or one that this server issued.
#[utoipa::path(get, path = "/api/certificates/content", tag = "certificates",
    params(("id" = String, Query, description = "The SHA-256 of the certificate")),
    responses((status = 200, description = "PEM", body = String, content_type = "text/plain"), Refusals, Missing))]
pub(crate) async fn get_content(
    State(app): State<App>,
    _permitted: Permitted<ByPath>,
    query: Query,
) -> Result<String, Refusal> {
    let fingerprint = id_of(&query)?;
    let issuers = issuers(&app).await?;
    let wanted = fingerprint.octets();
    for (der, _) in all(&issuers) {
        if pki::sha256(&der).as_slice() == wanted {
            return Ok(pki::pem("CERTIFICATE", &der));
        }
    }
    let issued = issued_certificates::find(app.ledger().db(), &fingerprint).await?;
    // The certificate of an erased person is erased, too: then its text is no base64.
    let der = issued.and_then(|issued| STANDARD.decode(issued.certificate).ok());
    let der = der.ok_or_else(|| Refusal::not_found("certificate"))?;
    Ok(pki::pem("CERTIFICATE", &der))
}

/// The id that the query names.
pub(super) fn id_of(query: &Query) -> Result<Fingerprint, Refusal> {
    query.only(&["id"])?;
    let id = query
        .one("id")?
        .ok_or_else(|| Refusal::invalid("id is missing"))?;
    Ok(Fingerprint::parse(id)?)
}
