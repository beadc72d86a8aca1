//! Where a request comes from, and which names it has.

use aggregates::values::{Audience, UserId};
use axum::{
    extract::FromRequestParts,
    http::{HeaderValue, request::Parts},
};
use ledger::Metadata;

use crate::{
    address::ClientAddress, app::App, face::Face, identity::Audiences, refusal::Refusal,
    tls::ClientCertificate,
};

/// The header in which a client names its request. The server returns it, and records it with events.
pub(crate) const REQUEST_ID: &str = "x-request-id";
/// The header of W3C Trace Context.
const TRACE: &str = "traceparent";
/// The longest request id of a client that is accepted, in characters.
const MOST_REQUEST_ID: usize = 128;

/// The origin of a request, and its face. The front puts it into the request's extensions.
#[derive(Clone, Copy)]
pub(crate) struct Arrived {
    pub(crate) face: &'static Face,
    pub(crate) address: ClientAddress,
}

impl Arrived {
    /// A request that has just arrived.
    pub(crate) fn new(face: &'static Face, address: ClientAddress) -> Self {
        Self { face, address }
    }

    /// The origin of a request that the front has passed on. A request without it is refused.
    pub(crate) fn of(parts: &Parts) -> Result<Self, Refusal> {
        let arrived = parts.extensions.get::<Self>().copied();
        arrived.ok_or_else(Refusal::unavailable)
    }
}

/// The origin and the names of a request, for the metadata of the events that it causes.
#[derive(Clone, Debug)]
pub struct Origin {
    audience: Audience,
    /// The audiences whose tokens count.
    of_tokens: Audiences,
    address: ClientAddress,
    request_id: Option<HeaderValue>,
    trace: Option<HeaderValue>,
    /// The certificate that the client has shown on the connection. If a proxy asks about its client, the client has shown none.
    certificate: Option<ClientCertificate>,
}

impl FromRequestParts<App> for Origin {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Refusal> {
        Ok(Self::new(parts, Arrived::of(parts)?))
    }
}

impl Origin {
    /// The origin of a request with this head.
    pub(crate) fn new(parts: &Parts, arrived: Arrived) -> Self {
        let headers = &parts.headers;
        let counts = arrived.face.counts_certificates();
        Self {
            certificate: parts.extensions.get().filter(|_| counts).cloned(),
            audience: arrived.face.audience,
            of_tokens: arrived.face.of_tokens(),
            address: arrived.address,
            request_id: headers.get(REQUEST_ID).cloned(),
            trace: headers.get(TRACE).cloned(),
        }
    }

    /// The audience of the face that was called.
    pub fn audience(&self) -> Audience {
        self.audience
    }

    /// The audiences for one of which tokens must have been issued.
    pub(crate) fn of_tokens(&self) -> Audiences {
        self.of_tokens
    }

    /// The certificate that the client has shown on the connection.
    pub(crate) fn certificate(&self) -> Option<&ClientCertificate> {
        self.certificate.as_ref()
    }

    /// The user for whom the client's certificate stands now.
    pub(crate) fn user_of_certificate(&self, app: &App) -> Option<UserId> {
        self.certificate.as_ref()?.user(app).ok()
    }

    /// The address of the client.
    pub fn address(&self) -> ClientAddress {
        self.address
    }

    /// The metadata of the events that a user's commands cause.
    pub fn metadata(&self, actor: UserId) -> Metadata {
        let text = |value: &Option<HeaderValue>| {
            let value = value.as_ref()?.to_str().ok()?;
            let printable = value.chars().all(|c| c.is_ascii_graphic());
            (printable && !value.is_empty() && value.len() <= MOST_REQUEST_ID).then(|| value.to_owned())
        };
        Metadata {
            actor: actor.to_string(),
            onbehalfof: None,
            face: self.audience.as_str().to_owned(),
            requestid: text(&self.request_id),
            // W3C Trace Context: version-traceid-parentid-flags.
            correlationid: text(&self.trace).and_then(|parent| parent.split('-').nth(1).map(str::to_owned)),
            causationid: None,
            address: Some(self.address.ip().to_string()),
        }
    }
}
