//! Why a licence refuses a command.

use super::{MOST_ENTRIES, MOST_SEATS, WHOLE_BP};
use crate::{Classified, ErrorKind};

/// A licence refuses a command. The messages are what clients read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LicenceError {
    /// The licence does not exist.
    #[error("there is no such licence")]
    NotFound,
    /// The id is in use.
    #[error("a licence with this id exists")]
    Exists,
    /// The licence would expire before it begins to be valid.
    #[error("a licence must expire after it starts")]
    EndsBeforeItStarts,
    /// There would be more seats than a licence may have.
    #[error("a licence has at most {MOST_SEATS} seats")]
    TooManySeats,
    /// There would be more entries of a catalogue than a licence may have.
    #[error("a licence has at most {MOST_ENTRIES} entries of a catalogue")]
    TooManyEntries,
    /// The discount would be more than the price.
    #[error("a discount is at most {WHOLE_BP} basis points")]
    DiscountTooHigh,
    /// The licence has expired.
    #[error("the licence has expired")]
    Expired,
    /// Another user has signed the licence.
    #[error("another user has signed the licence")]
    SignedByAnother,
}

impl Classified for LicenceError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::NotFound => ErrorKind::NotFound,
            Self::Exists | Self::Expired | Self::SignedByAnother => ErrorKind::Conflict,
            Self::EndsBeforeItStarts | Self::TooManySeats | Self::TooManyEntries | Self::DiscountTooHigh => {
                ErrorKind::Invalid
            }
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NotFound => "unknown_licence",
            Self::Expired => "licence_expired",
            Self::SignedByAnother => "licence_signed",
            Self::Exists
            | Self::EndsBeforeItStarts
            | Self::TooManySeats
            | Self::TooManyEntries
            | Self::DiscountTooHigh => self.kind().code(),
        }
    }
}
