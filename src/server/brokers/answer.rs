//! Answers in a broker's own form, with what the front must know about them.

use axum::response::{IntoResponse, Response};

use crate::refusal::Refusal;

/// An extension of a response that is in the form of a broker, whatever its status. The front does not render it as the face's refusal.
#[derive(Clone)]
pub(crate) struct Formed {
    /// Why the broker is refused, for the log and for auditors; `None` if it is not refused.
    pub(crate) refusal: Option<Refusal>,
    /// What to answer instead if this node has become stale meanwhile.
    pub(crate) otherwise: Option<fn() -> Response>,
}

/// An answer in the form of a broker.
pub struct InForm(Response);

impl InForm {
    /// The broker's question is answered with yes. `otherwise` is the form of a refusal: the front sends it if this node has become stale
    /// before the answer leaves.
    pub fn granted(answer: impl IntoResponse, otherwise: fn() -> Response) -> Self {
        Self::with(answer, None, Some(otherwise))
    }

    /// The broker is refused, for this reason.
    pub fn refused(answer: impl IntoResponse, refusal: Refusal) -> Self {
        Self::with(answer, Some(refusal), None)
    }

    /// The answer to a question whose answer is always no: nothing is refused to anybody.
    pub fn never(answer: impl IntoResponse) -> Self {
        Self::with(answer, None, None)
    }

    fn with(
        answer: impl IntoResponse,
        refusal: Option<Refusal>,
        otherwise: Option<fn() -> Response>,
    ) -> Self {
        let mut response = answer.into_response();
        response.extensions_mut().insert(Formed { refusal, otherwise });
        Self(response)
    }
}

impl IntoResponse for InForm {
    fn into_response(self) -> Response {
        self.0
    }
}
