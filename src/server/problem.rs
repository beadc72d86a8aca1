//! The one map from what went wrong to a status and a body, for the connectware face and what is beside it:
//! `{"code": string, "message": string}`.

use aggregates::{
    DomainError, claim, role::RoleError, session::SessionError, user::UserError, values::Invalid,
};
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
use ledger::{ExecuteError, LedgerError, PastError, Refusal};

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
        match error {
            ExecuteError::Domain { error, .. } => error.into(),
            ExecuteError::Refused(refusal) => refusal.into(),
            ExecuteError::Unavailable(_) => Self::unavailable(),
        }
    }
}

impl From<DomainError> for Problem {
    fn from(error: DomainError) -> Self {
        match error {
            DomainError::User(error) => error.into(),
            DomainError::Role(error) => error.into(),
            DomainError::Session(error) => error.into(),
            DomainError::WrongAggregate(error) => {
                tracing::error!(%error, "a command met another aggregate");
                Self::unavailable()
            }
        }
    }
}

impl From<UserError> for Problem {
    fn from(error: UserError) -> Self {
        let message = error.to_string();
        match error {
            UserError::NotFound
            | UserError::RoleNotHeld(_)
            | UserError::PermissionNotHeld
            | UserError::CertificateNotHeld => Self::new(StatusCode::NOT_FOUND, "not_found", message),
            UserError::AlreadyExists | UserError::PermissionIdTaken | UserError::CertificateAlreadyHeld => {
                Self::conflict("conflict", message)
            }
            UserError::DuplicateGrantMethod
            | UserError::PublishPrefixInvalid
            | UserError::PasswordMissing
            | UserError::PasswordNotLocal => Self::invalid(message),
            UserError::PasswordNotCurrent => Self::conflict("conflict", message),
        }
    }
}

impl From<RoleError> for Problem {
    fn from(error: RoleError) -> Self {
        let message = error.to_string();
        match error {
            RoleError::NotFound | RoleError::PermissionNotFound => {
                Self::new(StatusCode::NOT_FOUND, "not_found", message)
            }
            RoleError::AlreadyExists | RoleError::PermissionIdTaken => Self::conflict("conflict", message),
            RoleError::ResourceNotAPath => Self::invalid(message),
            RoleError::Protected => Self::conflict("protected", message),
        }
    }
}

impl From<SessionError> for Problem {
    fn from(error: SessionError) -> Self {
        let message = error.to_string();
        match error {
            SessionError::NotFound => Self::new(StatusCode::NOT_FOUND, "not_found", message),
            SessionError::AlreadyExists => Self::conflict("conflict", message),
            SessionError::NeverValid => Self::invalid(message),
        }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Conflict { .. } => Self::unavailable(),
            Refusal::ClaimTaken(taken) => match taken.scope {
                claim::USERNAME => Self::conflict("username_taken", "the username is taken"),
                claim::ROLE_NAME => Self::conflict("role_name_taken", "the role name is taken"),
                claim::CERTIFICATE => {
                    Self::conflict("certificate_taken", "the certificate belongs to another user")
                }
                claim::SOLE_HOLDER => Self::conflict(
                    "role_not_shared",
                    format!("role {} is not shared, and another user holds it", taken.value),
                ),
                _ => Self::conflict("conflict", format!("the {} is taken", taken.scope)),
            },
            Refusal::ClaimMissing(missing) => match missing.scope {
                claim::SHARED_ROLE => Self::conflict(
                    "role_not_shared",
                    format!("role {} is no longer shared", missing.value),
                ),
                claim::ROLE => Self::invalid(format!("there is no role {}", missing.value)),
                claim::USER => Self::not_found("user"),
                _ => Self::invalid(format!("there is no such {}", missing.scope)),
            },
            Refusal::HeldBySeveral(_) => Self::conflict(
                "role_is_held",
                "several users hold this role: it must stay shared",
            ),
            Refusal::LastClaim(_) => Self::conflict(
                "last_administrator",
                "this would leave nobody who can log in with the role connectware-admin",
            ),
        }
    }
}
