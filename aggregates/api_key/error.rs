//! Why an API key refuses a command.

use crate::{Classified, ErrorKind, values::NUMBER_TAKEN};

/// An API key refuses a command. The messages are what clients read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ApiKeyError {
    /// The key does not exist, or was revoked.
    #[error("there is no such API key")]
    NotFound,
    /// The number is or was in use.
    #[error("an API key with this number exists or existed")]
    NumberTaken,
    /// A key without a group would have no rights.
    #[error("an API key needs a group")]
    GroupMissing,
    /// The key would expire before it is of use.
    #[error("an API key must expire in the future")]
    ExpiresInThePast,
}

impl Classified for ApiKeyError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::NotFound => ErrorKind::NotFound,
            Self::NumberTaken => ErrorKind::Conflict,
            Self::GroupMissing | Self::ExpiresInThePast => ErrorKind::Invalid,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NotFound => "unknown_api_key",
            Self::NumberTaken => NUMBER_TAKEN,
            Self::GroupMissing | Self::ExpiresInThePast => self.kind().code(),
        }
    }
}
