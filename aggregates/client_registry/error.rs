//! Why the registry refuses a command.

use crate::{Classified, ErrorKind};

/// The registry refuses a command. The messages are what clients read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClientRegistryError {
    /// The window would end before it begins, or at the same moment.
    #[error("the window must end after it begins")]
    NeverOpen,
    /// No registration could ever be pending.
    #[error("at least one registration must be able to be pending")]
    NoRoom,
}

impl Classified for ClientRegistryError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::NeverOpen | Self::NoRoom => ErrorKind::Invalid,
        }
    }
}
