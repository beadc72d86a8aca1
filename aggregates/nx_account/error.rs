//! Why an account refuses a command.

use crate::{Classified, ErrorKind};

/// An account refuses a command. The messages are what clients read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NxAccountError {
    /// The account does not exist, or was closed.
    #[error("there is no such account")]
    NotFound,
    /// The person is a member of an organisation already.
    #[error("this person is a member of an organisation already")]
    AlreadyMember,
    /// The owner cannot leave the organisation.
    #[error("the owner of an organisation stays a member")]
    OwnerStays,
    /// The user has or had an account.
    #[error("this user has or had an account")]
    AlreadyExists,
}

impl Classified for NxAccountError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::NotFound => ErrorKind::NotFound,
            Self::AlreadyMember | Self::OwnerStays | Self::AlreadyExists => ErrorKind::Conflict,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NotFound => ErrorKind::NotFound.code(),
            Self::AlreadyMember => "already_member",
            Self::OwnerStays => "owner_stays",
            Self::AlreadyExists => ErrorKind::Conflict.code(),
        }
    }
}
