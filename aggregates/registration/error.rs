//! Why a registration refuses a command.

use crate::{Classified, ErrorKind, values::Invalid};

/// A registration refuses a command. The messages are what clients read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RegistrationError {
    /// There is no such registration, or somebody has decided about it, or it has expired.
    #[error("there is no such pending registration")]
    NotPending,
    /// The id is or was in use.
    #[error("a registration with this id exists or existed")]
    AlreadyExists,
    /// The registration would expire before it is made, or at the same moment.
    #[error("a registration must expire after it is made")]
    NeverPending,
    /// The wishes break a rule.
    #[error(transparent)]
    Invalid(#[from] Invalid),
}

impl Classified for RegistrationError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::NotPending => ErrorKind::NotFound,
            Self::AlreadyExists => ErrorKind::Conflict,
            Self::NeverPending | Self::Invalid(_) => ErrorKind::Invalid,
        }
    }
}
