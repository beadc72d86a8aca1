//! The error answers that endpoints have in common, for the OpenAPI document.

use utoipa::IntoResponses;

use super::ErrorBody;

/// What any endpoint that needs a credential may answer.
#[derive(IntoResponses)]
pub enum Refusals {
    /// The request is not as it should be.
    #[response(status = 400)]
    Invalid(ErrorBody),
    /// No valid credential.
    #[response(status = 401)]
    Unauthenticated(ErrorBody),
    /// The caller lacks the right to this operation on this path.
    #[response(status = 403)]
    Forbidden(ErrorBody),
    /// The ledger or the database does not answer, or this node is behind `Muniment-At-Least` (`behind`), or has not
    /// been able to read the ledger for too long (`stale`).
    #[response(status = 503)]
    Unavailable(ErrorBody),
}

/// What else an endpoint may answer that concerns something by its id.
#[derive(IntoResponses)]
pub enum Missing {
    /// There is no such thing.
    #[response(status = 404)]
    NotFound(ErrorBody),
}

/// What else an endpoint may answer that changes something.
#[derive(IntoResponses)]
pub enum Conflicts {
    /// A name is taken, or the change would break a rule, such as leaving no administrator.
    #[response(status = 409)]
    Conflict(ErrorBody),
    /// The body is over 1 MiB.
    #[response(status = 413)]
    TooLarge(ErrorBody),
    /// The body is not JSON.
    #[response(status = 415)]
    NotJson(ErrorBody),
}
