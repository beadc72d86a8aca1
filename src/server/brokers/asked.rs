//! A request of a broker: it proves by the secret that a broker asks, and brings a bounded body.

use axum::{
    extract::{FromRequest, Request},
    http::{HeaderMap, header},
};
use serde::de::DeserializeOwned;

use crate::{address::ClientAddress, app::App, body, caller::Arrived, query::Query, refusal::Refusal};

/// A request with the secret. Without the secret it is refused, and its body is not read.
pub struct FromBroker {
    /// The headers.
    pub headers: HeaderMap,
    /// The address from which the broker asks.
    pub address: ClientAddress,
    body: Result<Vec<u8>, Refusal>,
}

/// The largest body of a hook that carries no message, in bytes.
const MOST_BYTES: usize = 64 << 10;
/// The path of the hook that carries messages. The settings bound its bodies.
const WITH_MESSAGES: &str = "/hooks/vernemq";

impl FromRequest<App> for FromBroker {
    type Rejection = Refusal;

    async fn from_request(request: Request, app: &App) -> Result<Self, Refusal> {
        let (parts, body) = request.into_parts();
        let is_broker = app.hooks_secret().is_some_and(|secret| secret.is_in(&parts));
        if !is_broker {
            return Err(Refusal::unauthenticated());
        }
        let most = match parts.uri.path() {
            WITH_MESSAGES => app.settings.hooks_body_bytes.max(MOST_BYTES),
            _ => MOST_BYTES,
        };
        let address = Arrived::of(&parts)?.address;
        let body = body::of_broker(&parts.headers, body, app, most).await;
        Ok(Self {
            headers: parts.headers,
            address,
            body,
        })
    }
}

impl FromBroker {
    /// The pairs of a form (`application/x-www-form-urlencoded`).
    pub fn form(&self) -> Result<Query, Refusal> {
        let body = self.body.as_ref().map_err(Clone::clone)?;
        Query::parse(body::text(body)?)
    }

    /// The JSON object.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Refusal> {
        let body = self.body.as_ref().map_err(Clone::clone)?;
        body::object(body::text(body)?)
    }

    /// Whether the body says that it is JSON.
    pub fn is_json(&self) -> bool {
        let kind = self.headers.get(header::CONTENT_TYPE);
        kind.and_then(|kind| kind.to_str().ok())
            .is_some_and(body::is_json_type)
    }
}
