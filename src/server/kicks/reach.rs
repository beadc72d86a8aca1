//! How the server reaches a broker: over TCP or TLS.

use std::{path::Path, sync::Arc};

use axum::body::Body;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use ledger::ids::Entropy;
use rustls::{
    ClientConfig, Error as TlsFault, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, pem, pem::PemObject},
};

use super::{Broker, Brokers, tries::AT_ONCE};

/// The server cannot tell which certificates of brokers are good.
#[derive(Debug, thiserror::Error)]
pub enum RootsError {
    /// The file of the setting cannot be read.
    #[error("the file of BROKERS_CA cannot be read")]
    File(#[source] pem::Error),
    /// The file of the setting, or the system, has no certificate that can be used.
    #[error("{0} no certificate of an authority that can be used")]
    Empty(&'static str),
    /// TLS cannot be used.
    #[error("TLS cannot be used")]
    Unfit(#[from] TlsFault),
}

/// A broker, and the connections to it.
#[derive(Clone)]
pub(super) struct Reach {
    pub(super) broker: Broker,
    /// Connections are used again: a role may have many holders.
    pub(super) http: Client<HttpsConnector<HttpConnector>, Body>,
    /// For connections of MQTT.
    pub(super) tls: Arc<ClientConfig>,
    pub(super) entropy: Arc<dyn Entropy>,
}

impl Reach {
    pub(super) fn new(broker: &Broker, tls: &ClientConfig, entropy: &Arc<dyn Entropy>) -> Self {
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls.clone())
            .https_or_http()
            .enable_http1()
            .build();
        Self {
            broker: broker.clone(),
            http: Client::builder(TokioExecutor::new())
                .pool_timer(TokioTimer::new())
                .pool_max_idle_per_host(AT_ONCE)
                .build(connector),
            tls: Arc::new(tls.clone()),
            entropy: Arc::clone(entropy),
        }
    }
}

/// How certificates of brokers are verified: by the authorities in this file, or else by those of the system. If no broker has a
/// certificate, nothing is read.
pub(super) fn tls(brokers: &Brokers, authorities: Option<&Path>) -> Result<ClientConfig, RootsError> {
    let roots = match brokers.iter().any(Broker::has_tls) {
        true => roots(authorities)?,
        false => RootCertStore::empty(),
    };
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(config)
}

fn roots(authorities: Option<&Path>) -> Result<RootCertStore, RootsError> {
    let mut roots = RootCertStore::empty();
    match authorities {
        Some(file) => {
            for certificate in CertificateDer::pem_file_iter(file).map_err(RootsError::File)? {
                roots.add(certificate.map_err(RootsError::File)?)?;
            }
        }
        // Systems have a few certificates that cannot be read.
        None => drop(roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs)),
    }
    match (roots.is_empty(), authorities) {
        (false, _) => Ok(roots),
        (true, Some(_)) => Err(RootsError::Empty("the file of BROKERS_CA has")),
        (true, None) => Err(RootsError::Empty("BROKERS_CA is not set, and the system has")),
    }
}
