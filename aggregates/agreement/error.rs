//! Why an agreement refuses a command.

use super::{LONGEST_TEXT, MOST_PROVIDED};
use crate::{Classified, ErrorKind};

/// An agreement refuses a command. The messages are what clients read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AgreementError {
    /// The id is in use.
    #[error("an agreement with this id exists")]
    Exists,
    /// The agreement would provide more than an agreement may.
    #[error("an agreement provides at most {MOST_PROVIDED} things")]
    ProvidesTooMuch,
    /// The name, the kind or something that the agreement provides is too long.
    #[error("a text of an agreement has at most {LONGEST_TEXT} characters")]
    TextTooLong,
}

impl Classified for AgreementError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Exists => ErrorKind::Conflict,
            Self::ProvidesTooMuch | Self::TextTooLong => ErrorKind::Invalid,
        }
    }
}
