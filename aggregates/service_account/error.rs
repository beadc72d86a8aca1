//! Why a service account refuses a command.

use crate::{Classified, ErrorKind};

/// A service account refuses a command. The messages are what clients read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ServiceAccountError {
    /// The account does not exist, or was closed.
    #[error("there is no such service account")]
    NotFound,
    /// The id is or was in use.
    #[error("a service account with this id exists or existed")]
    AlreadyExists,
    /// The account has no such secret, or the secret is void.
    #[error("the service account has no such secret")]
    UnknownSecret,
    /// The account has this secret, or had it.
    #[error("the secret has been issued before")]
    SecretTwice,
    /// The account has as many valid secrets as an account may have.
    #[error("the service account has two secrets: withdraw one of them first")]
    TwoSecrets,
}

impl Classified for ServiceAccountError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::NotFound | Self::UnknownSecret => ErrorKind::NotFound,
            Self::AlreadyExists | Self::SecretTwice | Self::TwoSecrets => ErrorKind::Conflict,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::TwoSecrets => "two_secrets",
            Self::NotFound | Self::AlreadyExists | Self::UnknownSecret | Self::SecretTwice => {
                self.kind().code()
            }
        }
    }
}
