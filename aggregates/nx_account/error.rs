//! Why an account refuses a command.

use crate::{Classified, ErrorKind};

/// An account refuses a command. The messages are what clients read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NxAccountError {
    /// The account does not exist, or was closed.
    #[error("there is no such account")]
    NotFound,
    /// The user has or had an account.
    #[error("this user has or had an account")]
    AlreadyExists,
}

impl Classified for NxAccountError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::NotFound => ErrorKind::NotFound,
            Self::AlreadyExists => ErrorKind::Conflict,
        }
    }
}
