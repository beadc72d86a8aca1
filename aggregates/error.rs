//! Kinds of errors: what a face needs to know about a refusal to choose a status.

/// The kind of an error. A face maps kinds to statuses, never the variants of one aggregate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// The thing that the request names does not exist, or no longer exists.
    NotFound,
    /// The request breaks a rule that does not depend on recorded events.
    Invalid,
    /// The request does not fit the events recorded so far.
    Conflict,
    /// The thing that the request names never changes.
    Protected,
    /// The same was tried too often. It may succeed later.
    TooMany,
    /// The caller lacks a right that the request would give.
    Forbidden,
    /// The ledger cannot answer now. The same request may succeed later.
    Unavailable,
    /// The program has a bug.
    Fault,
}

impl ErrorKind {
    /// The code of those errors of this kind that have no code of their own.
    pub const fn code(self) -> &'static str {
        match self {
            Self::NotFound => "not_found",
            Self::Invalid => "invalid_request",
            Self::Conflict => "conflict",
            Self::Protected => "protected",
            Self::TooMany => "too_many_requests",
            Self::Forbidden => "forbidden",
            Self::Unavailable => "unavailable",
            Self::Fault => "internal",
        }
    }
}

/// An error that has a kind. Its `Display` is the message for the client.
pub trait Classified: std::error::Error {
    /// The kind of the error.
    fn kind(&self) -> ErrorKind;

    /// The code of the error, for programs. It never changes.
    fn code(&self) -> &'static str {
        self.kind().code()
    }
}
