//! Why an agreement refuses a command.

use crate::{Classified, ErrorKind};

/// An agreement refuses a command. The messages are what clients read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AgreementError {
    /// The id is in use.
    #[error("an agreement with this id exists")]
    Exists,
}

impl Classified for AgreementError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Exists => ErrorKind::Conflict,
        }
    }
}
