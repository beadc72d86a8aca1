//! A device that registers with a signing request: it proves itself by the key in the request, and its answer is a certificate.
//!
//! Whoever has seen the request of a device may send it again, and learns the certificate. That is no secret: without the private key it
//! proves nothing.

use aggregates::{
    Command,
    registration::Registration,
    user::User,
    values::{CertifiedKeyId, UserId, Username},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use pki::Csr;
use projections::{issued_certificates, registrations::RegistrationRow};

use crate::{app::App, refusal::Refusal};

/// Whether a signing request is for the key of a pending registration. Its bytes may differ: some signatures are random.
pub(super) async fn is_of(app: &App, row: &RegistrationRow, csr: &Csr) -> Result<bool, Refusal> {
    let (registration, _) = app.executor.read::<Registration>(row.id).await?;
    let stored = registration.csr.as_deref().and_then(stored);
    Ok(stored.is_some_and(|stored| stored.public_key().sha256() == csr.public_key().sha256()))
}

/// The certificate of a device that was let in, as base64 of its PEM, if the user still holds one for the key of the request.
pub(super) async fn certificate(app: &App, user: UserId, csr: &Csr) -> Result<Option<String>, Refusal> {
    let (state, _) = app.executor.read::<User>(user).await?;
    let key = CertifiedKeyId::of_sha256(&csr.public_key().sha256());
    let issued = issued_certificates::of_user(app.ledger().db(), user).await?;
    let held = issued
        .into_iter()
        .filter(|row| row.key_id == key && row.revoked_at.is_none())
        .filter(|row| state.certificates.contains_key(&row.fingerprint));
    let newest = held.max_by_key(|row| row.not_after);
    let der = newest.and_then(|row| STANDARD.decode(row.certificate).ok());
    Ok(der.map(|der| STANDARD.encode(pki::pem("CERTIFICATE", &der))))
}

/// The commands that issue the certificate of a registration. Execute them after the one that makes the user.
pub async fn commands(
    app: &App,
    registration: &Registration,
    (user, username): (UserId, &Username),
) -> Result<Vec<Command>, Refusal> {
    let Some(csr) = registration.csr.as_deref().and_then(stored) else {
        return Ok(Vec::new());
    };
    let url = app.live().public_url.clone();
    let days = app.settings.certificate_days;
    let ready = app
        .issuing()
        .issue(&csr, (user, username), days, url.as_deref())
        .await?;
    Ok(ready.commands)
}

/// The request as the ledger has it.
pub(super) fn written(csr: &Csr) -> String {
    STANDARD.encode(csr.der())
}

fn stored(text: &str) -> Option<Csr> {
    Csr::from_der(&STANDARD.decode(text).ok()?).ok()
}
