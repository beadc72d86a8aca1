//! The caller who renews a certificate.

use aggregates::values::Fingerprint;
use axum::{extract::FromRequestParts, http::request::Parts};

use super::{Arrived, Caller, Origin, Proof, admit, caller_of};
use crate::{
    app::App,
    credential,
    evidence::caller_is,
    refusal::{Refusal, RefusalKind},
    tls::ClientCertificate,
};

/// A caller who holds the certificate of the connection and may renew it. The certificate alone may prove who they are. If it has
/// expired a while ago, it still proves this much, and nothing else.
#[derive(Clone, Debug)]
pub struct Renewing {
    /// The caller.
    pub caller: Caller,
    /// The SHA-256 of the certificate that they renew. `None` if they have proved who they are without a certificate.
    certificate: Option<Fingerprint>,
}

impl Renewing {
    /// The SHA-256 of the certificate that the caller renews.
    pub fn certificate(&self) -> Result<&Fingerprint, Refusal> {
        self.certificate.as_ref().ok_or_else(|| {
            Refusal::invalid("the client must show the certificate that it renews, on the listener of TLS")
        })
    }
}

impl FromRequestParts<App> for Renewing {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refusal> {
        let shown = parts.extensions.get::<ClientCertificate>().cloned();
        let mut caller = match has_credential(parts)? {
            true => beside_credential(parts, app, shown.as_ref()).await?,
            false => by_certificate(parts, app, shown.as_ref()).map_err(Refusal::of_stranger)?,
        };
        app.fresh()?;
        admit(parts, &mut caller, |_, _, _| Ok(()));
        let certificate = shown.map(|shown| shown.sha256().clone());
        Ok(Self { caller, certificate })
    }
}

fn has_credential(parts: &Parts) -> Result<bool, Refusal> {
    let accepted = Arrived::of(parts)?.face.credentials;
    Ok(credential::has_any(accepted, &parts.headers, &parts.uri))
}

/// A caller whose credential proves who they are. They must hold the certificate, if they show one.
async fn beside_credential(
    parts: &Parts,
    app: &App,
    shown: Option<&ClientCertificate>,
) -> Result<Caller, Refusal> {
    let caller = caller_of(parts, app).await?;
    match shown.is_none_or(|shown| shown.renewable(app) == Ok(caller.user)) {
        true => Ok(caller),
        false => Err(Refusal::new(
            RefusalKind::Forbidden,
            "other_certificate",
            "the caller does not hold the certificate of the connection, or it has expired for too long",
        )),
    }
}

/// A caller whose certificate proves who they are.
fn by_certificate(parts: &Parts, app: &App, shown: Option<&ClientCertificate>) -> Result<Caller, Refusal> {
    let user = shown.ok_or_else(Refusal::unauthenticated)?.renews(app)?;
    caller_is(user);
    Ok(Caller {
        user,
        machine: None,
        session: None,
        expires_at: None,
        proof: Proof::Renewal,
        origin: Origin::new(parts, Arrived::of(parts)?),
        request: None,
    })
}
