//! Faults of this program or of its key.

/// A certificate, list or answer could not be made. The cause is a fault of this program or a damaged key, never the client.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// A value does not fit into its encoding.
    #[error("a certificate, list or answer cannot be encoded: {0}")]
    Encoding(String),
    /// The private key does not sign.
    #[error("the private key of the certificate authority does not sign")]
    Signing,
}

impl From<der::Error> for Failure {
    fn from(error: der::Error) -> Self {
        Self::Encoding(error.to_string())
    }
}

impl From<rcgen::Error> for Failure {
    fn from(error: rcgen::Error) -> Self {
        match error {
            rcgen::Error::RemoteKeyError => Self::Signing,
            other => Self::Encoding(other.to_string()),
        }
    }
}
