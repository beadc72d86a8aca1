//! Why a session refuses a command.

use crate::{Classified, ErrorKind};

/// A session refuses a command. The messages are what clients read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SessionError {
    /// There is no such token, or it is void already.
    #[error("there is no such token")]
    NotFound,
    /// The id is in use, or was.
    #[error("a session with this id exists or existed")]
    AlreadyExists,
    /// The end does not come after the beginning.
    #[error("a token must end after it is issued")]
    NeverValid,
}

impl Classified for SessionError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::NotFound => ErrorKind::NotFound,
            Self::AlreadyExists => ErrorKind::Conflict,
            Self::NeverValid => ErrorKind::Invalid,
        }
    }
}
