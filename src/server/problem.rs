//! The one map from what went wrong to a status and a body, for the connectware face and what is beside it:
//! `{"code": string, "message": string}`.

use aggregates::{Classified, DomainError, ErrorKind, values::Invalid};
use axum::{
    Json,
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    app::Stale,
    identity::{passwords::HashingError, policy::PolicyViolation, tokens::SigningError},
};
use ledger::{ExecuteError, LedgerError, PastError, Rejection};

/// The code of what refuses a whole request, whichever of its questions it is about.
pub const TOO_MANY: &str = "too_many";

/// An answer that is an error.
#[derive(Clone, Debug)]
pub struct Problem {
    status: StatusCode,
    code: &'static str,
    message: String,
    header: Option<(HeaderName, HeaderValue)>,
}

/// The body of every error.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"code": "not_found", "message": "there is no such user"}))]
pub struct ErrorBody {
    /// Stable: for programs.
    pub code: String,
    /// For people; may change.
    pub message: String,
}

impl Problem {
    /// A problem of a status with a stable code.
    pub fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            header: None,
        }
    }

    /// 400: the request is not as it should be.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_request", message)
    }

    /// The status follows from the kind of the error.
    fn of(error: &impl Classified) -> Self {
        let status = match error.kind() {
            ErrorKind::NotFound => StatusCode::NOT_FOUND,
            ErrorKind::Invalid => StatusCode::BAD_REQUEST,
            ErrorKind::Conflict | ErrorKind::Protected => StatusCode::CONFLICT,
            ErrorKind::Unavailable => return Self::unavailable(),
            ErrorKind::Fault => {
                tracing::error!(%error, "the program is wrong");
                return Self::unavailable();
            }
        };
        Self::new(status, error.code(), error.to_string())
    }

    /// 401: no credential, or none that is good. It says no more, so that nobody learns which.
    pub fn unauthenticated() -> Self {
        let mut problem = Self::new(
            StatusCode::UNAUTHORIZED,
            "unauthorized",
            "a valid credential is required",
        );
        problem.header = Some((header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")));
        problem
    }

    /// 401: username or password is wrong, or the user may not log in this way.
    pub fn bad_credentials() -> Self {
        Self {
            message: "the username or the password is wrong".to_owned(),
            ..Self::unauthenticated()
        }
    }

    /// 403: the caller lacks the right.
    pub fn forbidden(operation: &str, path: &str) -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "forbidden",
            format!("{operation} on {path} is not permitted"),
        )
    }

    /// 404.
    pub fn not_found(what: &str) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "not_found",
            format!("there is no such {what}"),
        )
    }

    /// 409.
    pub fn conflict(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, code, message)
    }

    /// 503 with `Retry-After`: the ledger or the database does not answer.
    pub fn unavailable() -> Self {
        Self::later(
            StatusCode::SERVICE_UNAVAILABLE,
            "unavailable",
            "the ledger is not available; try again later",
        )
    }

    /// An answer that says when to try again (RFC 9110 section 10.2.3).
    pub fn later(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        let mut problem = Self::new(status, code, message);
        problem.header = Some((header::RETRY_AFTER, HeaderValue::from_static("1")));
        problem
    }

    /// The status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The code.
    pub fn code(&self) -> &'static str {
        self.code
    }

    /// The body.
    pub fn body(&self) -> ErrorBody {
        ErrorBody {
            code: self.code.to_owned(),
            message: self.message.clone(),
        }
    }

    /// The same with a prefix that says which of several things is meant.
    #[must_use]
    pub fn about(mut self, what: impl std::fmt::Display) -> Self {
        self.message = format!("{what}: {}", self.message);
        self
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = ErrorBody {
            code: self.code.to_owned(),
            message: self.message,
        };
        let mut response = (self.status, Json(body)).into_response();
        if let Some((name, value)) = self.header {
            response.headers_mut().insert(name, value);
        }
        response
    }
}

impl From<Invalid> for Problem {
    fn from(error: Invalid) -> Self {
        Self::invalid(error.to_string())
    }
}

impl From<PolicyViolation> for Problem {
    fn from(error: PolicyViolation) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "password_policy", error.to_string())
    }
}

impl From<HashingError> for Problem {
    fn from(error: HashingError) -> Self {
        match error {
            HashingError::Busy => Self::later(StatusCode::TOO_MANY_REQUESTS, "busy", error.to_string()),
            HashingError::Failed => Self::unavailable(),
        }
    }
}

impl From<SigningError> for Problem {
    fn from(error: SigningError) -> Self {
        tracing::error!(%error, "cannot sign");
        Self::unavailable()
    }
}

impl From<LedgerError> for Problem {
    fn from(error: LedgerError) -> Self {
        tracing::error!(%error, "the ledger cannot be read");
        Self::unavailable()
    }
}

impl From<PastError> for Problem {
    fn from(error: PastError) -> Self {
        match error {
            PastError::Ledger(error) => error.into(),
            PastError::Replaying => {
                Self::later(StatusCode::SERVICE_UNAVAILABLE, "replaying", error.to_string())
            }
            refused @ PastError::TooMany(_) => {
                Self::new(StatusCode::BAD_REQUEST, TOO_MANY, refused.to_string())
            }
            refused => Self::invalid(refused.to_string()),
        }
    }
}

impl From<Stale> for Problem {
    fn from(error: Stale) -> Self {
        Self::later(StatusCode::SERVICE_UNAVAILABLE, "stale", error.to_string())
    }
}

impl From<projections::sql::Error> for Problem {
    fn from(error: projections::sql::Error) -> Self {
        tracing::error!(%error, "a read model cannot be read");
        Self::unavailable()
    }
}

impl From<serde_json::Error> for Problem {
    fn from(error: serde_json::Error) -> Self {
        tracing::error!(%error, "a stored event cannot be read");
        Self::unavailable()
    }
}

impl From<ExecuteError> for Problem {
    fn from(error: ExecuteError) -> Self {
        Self::of(&error)
    }
}

impl From<DomainError> for Problem {
    fn from(error: DomainError) -> Self {
        Self::of(&error)
    }
}

impl From<Rejection> for Problem {
    fn from(rejection: Rejection) -> Self {
        Self::of(&rejection)
    }
}
