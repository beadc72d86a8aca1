//! Kinds of errors: what a face needs to know of a refusal to choose a status.

/// The kind of an error. A face maps kinds to statuses, and never the variants of one aggregate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// What is named does not exist, or no longer.
    NotFound,
    /// The request breaks a rule that does not depend on what is recorded.
    Invalid,
    /// The request does not fit what is recorded now.
    Conflict,
    /// What is named never changes.
    Protected,
    /// The ledger gives no answer now. The same request may succeed later.
    Unavailable,
    /// The program is wrong.
    Fault,
}

impl ErrorKind {
    /// The code of an error of this kind that has no code of its own.
    pub const fn code(self) -> &'static str {
        match self {
            Self::NotFound => "not_found",
            Self::Invalid => "invalid_request",
            Self::Conflict => "conflict",
            Self::Protected => "protected",
            Self::Unavailable => "unavailable",
            Self::Fault => "internal",
        }
    }
}

/// An error that says of what kind it is. Its `Display` is the message for the client.
pub trait Classified: std::error::Error {
    /// Its kind.
    fn kind(&self) -> ErrorKind;

    /// Its code: stable, for programs.
    fn code(&self) -> &'static str {
        self.kind().code()
    }
}
