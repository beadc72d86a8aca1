//! Why a session says no.

/// A refusal. It knows nothing of HTTP.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SessionError {
    /// There is no such token, or it is void already.
    #[error("there is no such token")]
    NotFound,
    /// The id is in use, or was.
    #[error("a session with this id exists or existed")]
    AlreadyExists,
    /// The end does not come after the beginning.
    #[error("a token must end after it is issued")]
    NeverValid,
}
