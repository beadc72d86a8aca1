//! Why a sign-in refuses a command.

use crate::{Classified, ErrorKind};

/// A sign-in refuses a command. The messages are what clients read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignInError {
    /// The sign-in has ended, or there is none.
    #[error("there is no such sign-in")]
    Ended,
    /// The id is or was in use.
    #[error("a sign-in with this id exists or existed")]
    AlreadyExists,
    /// A token would expire before it is issued, or at the same moment.
    #[error("a token must end after it is issued")]
    NeverValid,
    /// The refresh token has expired.
    #[error("the refresh token has expired")]
    Expired,
    /// There are no more numbers.
    #[error("this sign-in has had too many tokens: sign in again")]
    UsedUp,
}

impl Classified for SignInError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Ended => ErrorKind::NotFound,
            Self::AlreadyExists | Self::Expired | Self::UsedUp => ErrorKind::Conflict,
            Self::NeverValid => ErrorKind::Invalid,
        }
    }
}
