//! Why an account refuses a command.

use crate::{Classified, ErrorKind, values::NUMBER_TAKEN};

/// An account refuses a command. The messages are what clients read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccountError {
    /// The account does not exist, or was closed.
    #[error("there is no such account")]
    NotFound,
    /// The number is or was in use.
    #[error("an account with this number exists or existed")]
    NumberTaken,
    /// The person has no business with the organisation.
    #[error("the person is no member of the organisation, and has not asked to be one")]
    NoMember,
    /// The person has not asked to be a member.
    #[error("the person has not asked to be a member of the organisation")]
    NotRequested,
    /// The account would stop being in use before it is changed.
    #[error("an account must expire in the future")]
    ExpiresInThePast,
}

impl Classified for AccountError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::NotFound | Self::NotRequested => ErrorKind::NotFound,
            Self::NumberTaken => ErrorKind::Conflict,
            Self::NoMember => ErrorKind::Forbidden,
            Self::ExpiresInThePast => ErrorKind::Invalid,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NotFound => "unknown_account",
            Self::NumberTaken => NUMBER_TAKEN,
            Self::NoMember => "no_member",
            Self::NotRequested => "not_requested",
            Self::ExpiresInThePast => self.kind().code(),
        }
    }
}
