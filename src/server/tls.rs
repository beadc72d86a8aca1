//! TLS on our own listener: the server's certificate, and the certificates that clients show.
//!
//! The handshake proves that a client has the key of the certificate that it shows. It does not prove more: no authority is asked, and
//! no name in the certificate counts. Who the client is follows for each request from the fingerprint: a user holds it, or nobody does
//! ([`ClientCertificate`]). So a certificate that was taken from its user ends with the next request, also on an open connection.
//!
//! There are no tickets and no stored sessions: a resumed session would skip the certificate.

use std::{
    path::Path,
    sync::{Arc, PoisonError, RwLock},
};

use aggregates::values::{Fingerprint, GrantMethod, Timestamp, UserId};
use authorization::{CertificateView, Methods};
use pki::{Described, USER_ID_URN};
use rustls::{
    DigitallySignedStruct, DistinguishedName, Error as TlsFault, ServerConfig, ServerConnection,
    SignatureScheme,
    client::danger::HandshakeSignatureValid,
    crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, PrivateKeyDer, UnixTime, pem, pem::PemObject},
    server::{
        NoServerSessionStorage,
        danger::{ClientCertVerified, ClientCertVerifier},
    },
};
use tokio::net::TcpStream;
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use crate::{app::App, evidence::Evidence, refusal::Refusal};

/// The server cannot use TLS.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The file of the certificate cannot be read.
    #[error("the certificate of the server cannot be read")]
    Certificate(#[source] pem::Error),
    /// The file has no certificate.
    #[error("the file has no certificate")]
    NoCertificate,
    /// The file of the key cannot be read.
    #[error("the key of the server cannot be read")]
    Key(#[source] pem::Error),
    /// The certificate and the key do not fit together, or are of a kind that is not supported.
    #[error("the certificate and the key of the server cannot be used")]
    Unfit(#[from] TlsFault),
}

/// The certificate of the server, which can change while the server runs.
pub struct Tls(RwLock<TlsAcceptor>);

impl Tls {
    /// Reads the chain of certificates and the key from files in PEM.
    pub fn from_files(chain: &Path, key: &Path) -> Result<Self, TlsError> {
        Ok(Self(RwLock::new(acceptor(read_chain(chain)?, read_key(key)?)?)))
    }

    /// Takes a chain of certificates in DER, and a key in PKCS #8.
    pub fn new(chain: Vec<Vec<u8>>, key: Vec<u8>) -> Result<Self, TlsError> {
        let chain = chain.into_iter().map(CertificateDer::from).collect();
        let key = PrivateKeyDer::Pkcs8(key.into());
        Ok(Self(RwLock::new(acceptor(chain, key)?)))
    }

    /// Uses another certificate from now on. Connections that are open stay open.
    pub fn replace(&self, by: Self) {
        let new = by.0.into_inner().unwrap_or_else(PoisonError::into_inner);
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = new;
    }

    /// Does the handshake with a client.
    pub(crate) async fn accept(self: Arc<Self>, stream: TcpStream) -> std::io::Result<TlsStream<TcpStream>> {
        let acceptor = self.0.read().unwrap_or_else(PoisonError::into_inner).clone();
        acceptor.accept(stream).await
    }
}

fn read_chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let all = CertificateDer::pem_file_iter(path).map_err(TlsError::Certificate)?;
    let chain: Vec<_> = all.collect::<Result<_, _>>().map_err(TlsError::Certificate)?;
    match chain.is_empty() {
        true => Err(TlsError::NoCertificate),
        false => Ok(chain),
    }
}

fn read_key(path: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    PrivateKeyDer::from_pem_file(path).map_err(TlsError::Key)
}

fn acceptor(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> Result<TlsAcceptor, TlsFault> {
    let provider = Arc::new(ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()?
        .with_client_cert_verifier(Arc::new(AnyCertificate(provider)))
        .with_single_cert(chain, key)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// Lets each client show a certificate or none. The signature of the handshake must be right.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ClientCertVerifier for AnyCertificate {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    /// No authority is named, so a client shows the certificate that it has.
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        certificate: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, TlsFault> {
        match Described::from_der(certificate) {
            Ok(_) => Ok(ClientCertVerified::assertion()),
            Err(_) => Err(TlsFault::InvalidCertificate(
                rustls::CertificateError::BadEncoding,
            )),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsFault> {
        verify_tls12_signature(
            message,
            certificate,
            signed,
            &self.0.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsFault> {
        verify_tls13_signature(
            message,
            certificate,
            signed,
            &self.0.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

/// A certificate that the client of a connection has shown, and whose key it has. It is in the extensions of each request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientCertificate(Arc<Shown>);

#[derive(Debug, PartialEq, Eq)]
struct Shown {
    der: Vec<u8>,
    sha256: Fingerprint,
    /// The SHA-1: a user may hold the certificate of another authority by either.
    sha1: Option<Fingerprint>,
    not_before: i64,
    not_after: i64,
}

/// Why a certificate stands for no user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoUser {
    /// No user holds it.
    Unknown,
    /// It has expired, or is not valid yet.
    Expired,
}

impl NoUser {
    /// The code of the reason, for auditors.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown_certificate",
            Self::Expired => "expired_certificate",
        }
    }
}

impl ClientCertificate {
    /// The certificate of a connection, if the client has shown one.
    pub(crate) fn of(connection: &ServerConnection) -> Option<Self> {
        Self::from_der(connection.peer_certificates()?.first()?)
    }

    fn from_der(der: &[u8]) -> Option<Self> {
        let described = Described::from_der(der).ok()?;
        let seconds = |time: u64| i64::try_from(time).unwrap_or(i64::MAX);
        Some(Self(Arc::new(Shown {
            sha256: Fingerprint::parse(&described.sha256).ok()?,
            sha1: match may_be_ours(&described) {
                true => None,
                false => Some(Fingerprint::parse(&described.sha1).ok()?),
            },
            not_before: seconds(described.not_before),
            not_after: seconds(described.not_after),
            der: described.der,
        })))
    }

    /// The certificate in DER.
    pub fn der(&self) -> &[u8] {
        &self.0.der
    }

    /// The SHA-256 of the certificate.
    pub fn sha256(&self) -> &Fingerprint {
        &self.0.sha256
    }

    fn held(&self, app: &App) -> Option<CertificateView> {
        let authorization = app.ledger().authorization();
        let by = |fingerprint| authorization.certificate(fingerprint);
        by(&self.0.sha256).or_else(|| by(self.0.sha1.as_ref()?))
    }

    /// The user for whom the certificate stands now. The user may still need another proof.
    pub(crate) fn user(&self, app: &App) -> Result<UserId, NoUser> {
        self.user_within(app, 0)
    }

    /// The same, also if the certificate has expired for at most so many seconds.
    fn user_within(&self, app: &App, grace: i64) -> Result<UserId, NoUser> {
        let CertificateView { user_id, expires_at } = self.held(app).ok_or(NoUser::Unknown)?;
        let now = app.clock.now();
        let end = self.0.not_after.saturating_add(grace);
        let is_valid = (self.0.not_before..=end).contains(&now.seconds());
        let later = |end: Timestamp| end.micros().saturating_add(grace.saturating_mul(1_000_000));
        match is_valid && expires_at.is_none_or(|end| later(end) > now.micros()) {
            true => Ok(user_id),
            false => Err(NoUser::Expired),
        }
    }

    /// When the certificate stands for nobody any more, if nobody takes it from its user before.
    pub(crate) fn ends_at(&self, app: &App) -> Timestamp {
        // It counts in the whole of its last second.
        let end = self.0.not_after.saturating_add(1).saturating_mul(1_000_000);
        let (end, held) = (Timestamp::from_micros(end), self.held(app));
        let known = held.and_then(|held| held.expires_at);
        known.map_or(end, |known| known.min(end))
    }

    /// The user for whom the certificate stands now, if they need no other proof.
    pub(crate) fn proves(&self, app: &App) -> Result<UserId, Refusal> {
        self.proves_within(app, 0)
    }

    /// The user who may renew the certificate now. It may have expired a while ago, and the user may still need another proof.
    pub(crate) fn renewable(&self, app: &App) -> Result<UserId, NoUser> {
        self.user_within(app, grace(app))
    }

    /// The same user, if they need no other proof.
    pub(crate) fn renews(&self, app: &App) -> Result<UserId, Refusal> {
        self.proves_within(app, grace(app))
    }

    fn proves_within(&self, app: &App, grace: i64) -> Result<UserId, Refusal> {
        let refused = |reason| {
            Evidence::credential(reason).leave();
            Refusal::unauthenticated()
        };
        let user = self.user_within(app, grace);
        let user = user.map_err(|reason| refused(reason.as_str()))?;
        match may_prove(app, user, Methods::default()) {
            true => Ok(user),
            false => Err(refused("method_not_allowed")),
        }
    }

    /// Whether the user may prove their identity by these methods together with this certificate, if it is theirs.
    pub(crate) fn completes(&self, app: &App, user: UserId, methods: Methods) -> bool {
        self.user(app) == Ok(user) && may_prove(app, user, methods)
    }
}

/// Whether this server may have issued a certificate: it names its user in every one. Such a certificate counts by its SHA-256 alone, which is
/// what a revocation ends. By its SHA-1, somebody could have added it once more.
fn may_be_ours(described: &Described) -> bool {
    let names = &described.alternative_names;
    names.iter().any(|name| name.contains(USER_ID_URN))
}

/// Whether a user may prove their identity by these methods together with a certificate.
fn may_prove(app: &App, user: UserId, methods: Methods) -> bool {
    let all = methods.iter().chain([GrantMethod::Certificate]).collect();
    app.ledger().authorization().may_prove(user, all)
}

/// For how many seconds after its end a certificate can be renewed.
fn grace(app: &App) -> i64 {
    const DAY: u64 = 24 * 3600;
    let seconds = app.settings.certificate_grace_days.saturating_mul(DAY);
    i64::try_from(seconds).unwrap_or(i64::MAX)
}
