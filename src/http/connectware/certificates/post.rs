//! `POST /api/certificates`

use aggregates::{
    Command,
    authority::{AuthorityCommand, TrustedCertificate},
    values::{AuthorityId, Fingerprint},
};
use axum::{Json, extract::State};
use base64::{Engine, engine::general_purpose::STANDARD};
use server::{App, ByPath, Conflicts, JsonText, Permitted, Refusal, Refusals, Wrote};

use super::wire::CertificateOut;

/// Uploads certificates of authorities: a JSON string that is PEM, with one certificate or several. What is there already stays.
#[utoipa::path(post, path = "/api/certificates", tag = "certificates",
    request_body(content = String, description = "PEM in a JSON string", content_type = "application/json"),
    responses((status = 200, description = "The uploaded certificates", body = Vec<CertificateOut>), Refusals, Conflicts))]
pub(crate) async fn post_certificates(
    State(app): State<App>,
    Permitted(caller, ..): Permitted<ByPath>,
    JsonText(pem): JsonText,
) -> Result<Wrote<Json<Vec<CertificateOut>>>, Refusal> {
    let bundle = pki::bundle(&pem).map_err(|error| Refusal::invalid(error.to_string()))?;
    let mut added = Vec::with_capacity(bundle.len());
    for certificate in &bundle {
        if !certificate.constraints.is_authority {
            let name = certificate
                .issued_to
                .common_name
                .as_deref()
                .unwrap_or("without a name");
            return Err(Refusal::invalid(format!(
                "the certificate {name} is not one of an authority (CA:TRUE)"
            )));
        }
        added.push(TrustedCertificate {
            fingerprint: Fingerprint::parse(&certificate.sha256)?,
            certificate: STANDARD.encode(&certificate.der),
        });
    }
    // Uploaded certificates are facts about the authority, so it must exist.
    let url = app.live().public_url.clone();
    let own = app.issuing().issuers(url.as_deref()).await?;
    let commands = vec![Command::Authority(
        AuthorityId::ONE,
        AuthorityCommand::AddCertificates(added),
    )];
    let appended = caller.execute(&app, commands).await?;
    let is_removable = |der: &[u8]| !own.certificates().contains(&der);
    let uploaded = bundle.into_iter().map(|certificate| {
        let is_removable = is_removable(&certificate.der);
        CertificateOut::of(certificate, is_removable)
    });
    Ok(Wrote(appended.position, Json(uploaded.collect())))
}
