//! Why a session refuses a command.

use crate::{Classified, ErrorKind};

/// A session refuses a command. The messages are what clients read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SessionError {
    /// There is no such token, or it is already revoked.
    #[error("there is no such token")]
    NotFound,
    /// The id is or was in use.
    #[error("a session with this id exists or existed")]
    AlreadyExists,
    /// The token would expire before it is issued, or at the same moment.
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
