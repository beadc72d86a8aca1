//! Positions on the wire. Every write answers with its position in the ledger, and every read may ask for at least a
//! position.

use std::time::Duration;

use axum::{
    http::{HeaderMap, HeaderName, HeaderValue},
    response::{IntoResponse, Response},
};

use crate::{
    app::App,
    refusal::{Refusal, RefusalKind},
};

/// A response header: the ledger's position after the write.
pub(crate) const POSITION: HeaderName = HeaderName::from_static("muniment-position");
/// The parameters of a read or a question, for the document.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Header)]
pub struct AtLeast {
    /// Answer from this position of the ledger or a later one: the `Muniment-Position` of an earlier answer.
    #[param(rename = "Muniment-At-Least", value_type = i64, required = false, minimum = 0)]
    pub at_least: Option<i64>,
}

/// A request header: answer from this position or a later one.
pub(crate) const AT_LEAST: HeaderName = HeaderName::from_static("muniment-at-least");

/// The response to a write, with the position of its last event.
pub struct Wrote<T>(pub i64, pub T);

/// An extension of the response to a write.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Recorded;

impl<T: IntoResponse> IntoResponse for Wrote<T> {
    fn into_response(self) -> Response {
        let mut response = AsOf(self.0, self.1).into_response();
        response.extensions_mut().insert(Recorded);
        response
    }
}

/// The response to a question, with the position that the response is based on.
pub struct AsOf<T>(pub i64, pub T);

impl<T: IntoResponse> IntoResponse for AsOf<T> {
    fn into_response(self) -> Response {
        let mut response = self.1.into_response();
        response.headers_mut().insert(POSITION, HeaderValue::from(self.0));
        response
    }
}

/// Lets a request with `Muniment-At-Least` wait for a short time until this node has reached that position.
pub(crate) async fn at_least(app: &App, headers: &HeaderMap) -> Result<(), Refusal> {
    let mut given = headers.get_all(AT_LEAST).iter();
    let wanted = match (given.next(), given.next()) {
        (None, _) => return Ok(()),
        (Some(wanted), None) => wanted,
        (Some(_), Some(_)) => return Err(Refusal::invalid("Muniment-At-Least is given twice")),
    };
    let wanted = wanted
        .to_str()
        .ok()
        .and_then(|text| text.parse::<i64>().ok())
        .filter(|wanted| *wanted >= 0);
    let Some(wanted) = wanted else {
        return Err(Refusal::invalid(
            "Muniment-At-Least must be a position: a whole number from 0",
        ));
    };
    let patience = Duration::from_millis(app.settings.at_least_patience_ms);
    if app.ledger().authorization().position() >= wanted || app.ledger().wait_for(wanted, patience).await {
        Ok(())
    } else {
        let message = format!("this node has not reached position {wanted}");
        Err(Refusal::later(RefusalKind::Unavailable, "behind", message))
    }
}
