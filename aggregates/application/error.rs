//! Why an application refuses a command.

use crate::{Classified, ErrorKind, values::NUMBER_TAKEN};

/// An application refuses a command. The messages are what clients read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ApplicationError {
    /// The application does not exist, or no longer exists.
    #[error("there is no such application")]
    NotFound,
    /// The number is or was in use.
    #[error("an application with this number exists or existed")]
    NumberTaken,
    /// Somebody has given the application to another organisation.
    #[error("the application was given to another organisation meanwhile")]
    MovedMeanwhile,
}

impl Classified for ApplicationError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::NotFound => ErrorKind::NotFound,
            Self::NumberTaken | Self::MovedMeanwhile => ErrorKind::Conflict,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NotFound => "unknown_application",
            Self::NumberTaken => NUMBER_TAKEN,
            Self::MovedMeanwhile => "application_moved",
        }
    }
}
