//! What went wrong with a request, without the shape of a face. The front lets the face of the path render it, once.

use std::{borrow::Cow, error::Error, fmt::Display, sync::Arc};

use aggregates::values::Timestamp;
use authorization::Duty;
use axum::{
    body::Body,
    http::StatusCode,
    response::{IntoResponse, Response},
};

/// The code of a refusal of a whole request with several questions, whichever question is the reason.
pub const TOO_MANY: &str = "too_many";
/// The code of a refusal because too many clients ask at once.
pub(crate) const BUSY: &str = "busy";
/// After how many seconds a client may try again.
const SOON: u32 = 1;

/// The kind of a refusal. A face maps kinds to statuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusalKind {
    /// The request is malformed, or names something impossible.
    Invalid,
    /// The request has no valid credential.
    Unauthenticated,
    /// The caller lacks the right.
    Forbidden,
    /// The thing that the request is about does not exist.
    NotFound,
    /// The path does not take the method.
    MethodNotAllowed,
    /// The body took too long to arrive.
    Timeout,
    /// The present state does not allow the request.
    Conflict,
    /// Somebody must open the thing first.
    Locked,
    /// The body is too large.
    TooLarge,
    /// The body is of a type that the server does not read here.
    UnsupportedMediaType,
    /// Too many clients ask for the same at once.
    TooManyRequests,
    /// The server cannot answer at the moment.
    Unavailable,
}

/// A response that is an error.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// The kind of the refusal.
    pub kind: RefusalKind,
    /// A stable code, for programs.
    pub code: &'static str,
    /// A message for people. It never repeats a secret or anything that helps an attacker.
    pub message: Cow<'static, str>,
    /// After how many seconds the client may try again.
    pub retry_after: Option<u32>,
    /// The path of the request, and when it was refused. The front knows both.
    pub asked: Option<(String, Timestamp)>,
    /// The field of the request that the refusal is about, if a face shows it apart.
    pub field: Option<&'static str>,
    /// The cause. It is for the log, never for the client.
    cause: Option<Arc<dyn Error + Send + Sync>>,
    /// Whether it came before anybody had proved who they are.
    is_of_stranger: bool,
}

impl Refusal {
    /// A refusal with a stable code.
    pub fn new(kind: RefusalKind, code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            kind,
            code,
            message: message.into(),
            retry_after: None,
            asked: None,
            field: None,
            cause: None,
            is_of_stranger: false,
        }
    }

    /// The request is malformed.
    pub fn invalid(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(RefusalKind::Invalid, "invalid_request", message)
    }

    /// The request has no valid credential. The message does not say what is wrong with it, so that nobody can learn
    /// from it.
    pub fn unauthenticated() -> Self {
        let message = "a valid credential is required";
        Self::new(RefusalKind::Unauthenticated, "unauthorized", message)
    }

    /// The username or the password is wrong, or the user may not log in this way.
    pub fn bad_credentials() -> Self {
        let message = "the username or the password is wrong";
        Self::new(RefusalKind::Unauthenticated, "unauthorized", message)
    }

    /// The caller lacks the right to this operation on this path.
    pub fn forbidden(operation: &str, path: &str) -> Self {
        let message = format!("{operation} on {path} is not permitted");
        Self::new(RefusalKind::Forbidden, "forbidden", message)
    }

    /// The caller must do something else first.
    pub(crate) fn owed(duty: Duty) -> Self {
        let message = match duty {
            Duty::ChangePassword => {
                "this user must change their password first: until then, they can only read and end their session, and change it"
            }
            Duty::EnrolSecondFactor => {
                "this user must enrol a second factor first: until then, they can only read and end their session, and enrol"
            }
        };
        Self::new(RefusalKind::Forbidden, duty.code(), message)
    }

    /// The thing that the request is about does not exist.
    pub fn not_found(what: &str) -> Self {
        let message = format!("there is no such {what}");
        Self::new(RefusalKind::NotFound, "not_found", message)
    }

    /// The path does not take the method.
    pub fn method_not_allowed() -> Self {
        let message = "this path does not take this method";
        Self::new(RefusalKind::MethodNotAllowed, "method_not_allowed", message)
    }

    /// The present state does not allow the request.
    pub fn conflict(code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(RefusalKind::Conflict, code, message)
    }

    /// The ledger or the database does not answer.
    pub fn unavailable() -> Self {
        let message = "the ledger is not available; try again later";
        Self::later(RefusalKind::Unavailable, "unavailable", message)
    }

    /// A refusal that says when to try again (RFC 9110 section 10.2.3).
    pub fn later(kind: RefusalKind, code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            retry_after: Some(SOON),
            ..Self::new(kind, code, message)
        }
    }

    /// Adds the cause, which the front logs.
    #[must_use]
    pub fn because(mut self, cause: impl Error + Send + Sync + 'static) -> Self {
        self.cause = Some(Arc::new(cause));
        self
    }

    /// Names the field of the request that the refusal is about.
    #[must_use]
    pub fn in_field(mut self, field: &'static str) -> Self {
        self.field = Some(field);
        self
    }

    /// Adds a prefix that names one of several things.
    #[must_use]
    pub fn about(mut self, what: impl Display) -> Self {
        self.message = format!("{what}: {}", self.message).into();
        self
    }

    /// Notes that nobody had proved who they are. Then the refusal has no line of its own in the log.
    #[must_use]
    pub(crate) fn of_stranger(mut self) -> Self {
        self.is_of_stranger = true;
        self
    }

    /// Whether nobody had proved who they are.
    pub(crate) fn is_of_stranger(&self) -> bool {
        self.is_of_stranger
    }

    /// The cause of the refusal.
    pub fn cause(&self) -> Option<&(dyn Error + 'static)> {
        self.cause.as_deref().map(|cause| cause as _)
    }
}

/// The response is not rendered yet. The refusal travels in its extensions to the front, which knows the face.
impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        response.extensions_mut().insert(self);
        response
    }
}
