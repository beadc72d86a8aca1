//! Why a seat refuses a command.

use crate::{Classified, ErrorKind};

/// A seat refuses a command. The messages are what clients read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SeatError {
    /// Another device or another licence has this id: the program mixed them up.
    #[error("the seat belongs to another device")]
    OfAnother,
}

impl Classified for SeatError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::OfAnother => ErrorKind::Fault,
        }
    }
}
