//! The error shape of the connectware face and its neighbours: `{"code": string, "message": string}`.

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use utoipa::{IntoResponses, ToSchema};

use crate::refusal::{Refusal, RefusalKind};

/// The body of every error.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"code": "not_found", "message": "there is no such user"}))]
pub struct ErrorBody {
    /// Stable: for programs.
    pub code: String,
    /// For people; may change.
    pub message: String,
}

impl From<&Refusal> for ErrorBody {
    fn from(refusal: &Refusal) -> Self {
        Self {
            code: refusal.code.to_owned(),
            message: refusal.message.clone().into_owned(),
        }
    }
}

/// Renders a refusal in this shape.
pub fn code_and_message(refusal: &Refusal) -> Response {
    let mut response = (status(refusal.kind), Json(ErrorBody::from(refusal))).into_response();
    let headers = response.headers_mut();
    if refusal.kind == RefusalKind::Unauthenticated {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    if let Some(seconds) = refusal.retry_after {
        headers.insert(header::RETRY_AFTER, seconds.into());
    }
    response
}

fn status(kind: RefusalKind) -> StatusCode {
    match kind {
        RefusalKind::Invalid => StatusCode::BAD_REQUEST,
        RefusalKind::Unauthenticated => StatusCode::UNAUTHORIZED,
        RefusalKind::Forbidden => StatusCode::FORBIDDEN,
        RefusalKind::NotFound => StatusCode::NOT_FOUND,
        RefusalKind::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
        RefusalKind::Timeout => StatusCode::REQUEST_TIMEOUT,
        RefusalKind::Conflict => StatusCode::CONFLICT,
        RefusalKind::Locked => StatusCode::LOCKED,
        RefusalKind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        RefusalKind::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        RefusalKind::TooManyRequests => StatusCode::TOO_MANY_REQUESTS,
        RefusalKind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
    }
}

/// What any endpoint that needs a credential may answer.
#[derive(IntoResponses)]
pub enum Refusals {
    /// The request is not as it should be.
    #[response(status = 400)]
    Invalid(ErrorBody),
    /// No valid credential.
    #[response(status = 401)]
    Unauthenticated(ErrorBody),
    /// The caller lacks the right to this operation on this path (`forbidden`), or would give a right that they do not hold
    /// (`not_held`).
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
}
