//! Why an organisation refuses a command.

use super::MOST_MEMBERS;
use crate::{Classified, ErrorKind, values::NUMBER_TAKEN};

/// An organisation refuses a command. The messages are what clients read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OrganisationError {
    /// The organisation does not exist, or no longer exists.
    #[error("there is no such organisation")]
    NotFound,
    /// It has as many members as there may be.
    #[error("an organisation has at most {MOST_MEMBERS} members")]
    TooManyMembers,
    /// The number is or was in use.
    #[error("an organisation with this number exists or existed")]
    NumberTaken,
}

impl Classified for OrganisationError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::NotFound => ErrorKind::NotFound,
            Self::TooManyMembers | Self::NumberTaken => ErrorKind::Conflict,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NotFound => "unknown_organisation",
            Self::TooManyMembers => "too_many_members",
            Self::NumberTaken => NUMBER_TAKEN,
        }
    }
}
