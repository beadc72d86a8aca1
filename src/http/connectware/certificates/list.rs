//! `GET /api/certificates`

use axum::{Json, extract::State};
use pki::Described;
use server::{App, ByPath, Permitted, Refusal, Refusals};

use super::wire::{CertificateOut, all, issuers};

/// The certificates of all authorities that this server trusts: its own, and those that somebody uploaded.
#[utoipa::path(get, path = "/api/certificates", tag = "certificates",
    responses((status = 200, description = "Certificates", body = Vec<CertificateOut>), Refusals))]
pub(crate) async fn get_certificates(
    State(app): State<App>,
    _permitted: Permitted<ByPath>,
) -> Result<Json<Vec<CertificateOut>>, Refusal> {
    let issuers = issuers(&app).await?;
    let described = all(&issuers).into_iter().filter_map(|(der, is_removable)| {
        let described = Described::from_der(&der).ok()?;
        Some(CertificateOut::of(described, is_removable))
    });
    Ok(Json(described.collect()))
}
