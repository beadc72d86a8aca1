//! The address of this server at which a request arrived.

use std::{net::SocketAddr, sync::Arc};

use axum::{extract::FromRequestParts, http::request::Parts};

use crate::{app::App, refusal::Refusal};

/// The URL of the listener at which a request arrived. It rests on the connection, and not on what the request says.
#[derive(Clone, Debug)]
pub struct Reached(Arc<str>);

impl Reached {
    /// A listener with this URL, which has no path.
    pub fn at(url: &str) -> Self {
        Self(url.into())
    }

    /// A connection to this address of the server, by this scheme.
    pub(crate) fn by(scheme: &str, address: SocketAddr) -> Self {
        // A listener on all addresses sees those of IPv4 as a part of IPv6.
        let address = SocketAddr::new(address.ip().to_canonical(), address.port());
        Self(format!("{scheme}://{address}").into())
    }

    /// The URL.
    pub fn url(&self) -> &str {
        &self.0
    }
}

impl FromRequestParts<App> for Reached {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Refusal> {
        let reached = parts.extensions.get::<Self>().cloned();
        reached.ok_or_else(Refusal::unavailable)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_written_as_a_client_writes_it() {
        for (scheme, address, url) in [
            ("http", "127.0.0.1:8080", "http://127.0.0.1:8080"),
            ("https", "[::1]:8443", "https://[::1]:8443"),
            ("http", "[::ffff:10.0.0.7]:80", "http://10.0.0.7:80"),
        ] {
            assert_eq!(Reached::by(scheme, address.parse().unwrap()).url(), url);
        }
    }
}
