//! Why a public key refuses a command.

use crate::{Classified, ErrorKind};

/// A public key refuses a command. The messages are what clients read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CertifiedKeyError {
    /// There is no such certificate.
    #[error("this server issued no such certificate")]
    NotFound,
    /// The certificate was issued already.
    #[error("the certificate was issued already")]
    AlreadyIssued,
    /// The certificate is revoked already.
    #[error("the certificate is revoked already")]
    AlreadyRevoked,
    /// Another user has a certificate for the key.
    #[error("csr: the key belongs to another user: make a new key")]
    KeyOfAnother,
}

impl Classified for CertifiedKeyError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::NotFound => ErrorKind::NotFound,
            Self::AlreadyIssued | Self::AlreadyRevoked => ErrorKind::Conflict,
            Self::KeyOfAnother => ErrorKind::Invalid,
        }
    }
}
