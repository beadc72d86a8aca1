//! The id and the secret of a client in the header `Authorization: Basic`.

use axum::{extract::FromRequestParts, http::request::Parts};
use zeroize::Zeroizing;

use super::INVALID_CLIENT;
use crate::{
    app::App,
    credential::{Credential, Sent, has_any, read},
    refusal::{Refusal, RefusalKind},
};

/// Where clients show their secrets.
const ACCEPTED: [Credential; 1] = [Credential::Client];

/// What a request has in its header `Authorization`, if it has one.
pub struct ClientAuthorization(Option<Result<(String, Zeroizing<String>), Refusal>>);

impl ClientAuthorization {
    /// The id and the secret of the client. A header that cannot be read is refused.
    pub fn shown(&self) -> Result<Option<(&str, &str)>, Refusal> {
        match &self.0 {
            None => Ok(None),
            Some(Ok((id, secret))) => Ok(Some((id, secret))),
            Some(Err(refusal)) => Err(refusal.clone()),
        }
    }
}

impl FromRequestParts<App> for ClientAuthorization {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Refusal> {
        if !has_any(&ACCEPTED, &parts.headers, &parts.uri) {
            return Ok(Self(None));
        }
        let unreadable = || {
            let message = "the Authorization header must be Basic, with the id and the secret of the client";
            Refusal::new(RefusalKind::Unauthenticated, INVALID_CLIENT, message)
        };
        let shown = match read(&ACCEPTED, parts) {
            Ok(Some(Sent::Client { id, secret })) => Ok((id, secret)),
            Ok(_) | Err(_) => Err(unreadable()),
        };
        Ok(Self(Some(shown)))
    }
}
