//! Positions on the wire. Every write answers with its position in the ledger, and every read may ask for at least a
//! position.

use std::time::Duration;

use aggregates::values::UserId;
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
/// How long an answer that is ready waits for its position.
const PATIENCE: Duration = Duration::from_secs(1);

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

/// An extension of the response to a write: its position is that of what it wrote.
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

/// The response to a question about the present, made from the authorization projection alone. The front adds its position.
pub struct Present<T>(pub T);

/// An extension of the response to a question about the present: its position is what the projection in memory has read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FromMemory;

impl<T: IntoResponse> IntoResponse for Present<T> {
    fn into_response(self) -> Response {
        let mut response = self.0.into_response();
        response.extensions_mut().insert(FromMemory);
        response
    }
}

/// Adds the position of an answer to a caller, unless it has one. It is not earlier than anything that the answer is based on: if the
/// caller asks any node for at least this position, that node knows what this answer was made of. Nobody else learns a position.
pub(crate) async fn add_position(
    app: &App,
    caller: Option<UserId>,
    refusal: Option<&Refusal>,
    response: &mut Response,
) {
    if caller.is_none() || response.headers().contains_key(POSITION) {
        return;
    }
    let is_from_memory = response.extensions().get::<FromMemory>().is_some();
    let position = match refusal.map(|refusal| refusal.kind) {
        None if is_from_memory => Some(app.ledger().authorization().newest()),
        // Decided from memory, from streams or by the appender.
        Some(RefusalKind::Forbidden | RefusalKind::Invalid) => Some(app.ledger().position()),
        // It may also be made of rows of the read models.
        None | Some(RefusalKind::NotFound | RefusalKind::Conflict | RefusalKind::Locked) => {
            position_of_head(app).await
        }
        // Nothing was decided, or the caller proved nothing.
        Some(
            RefusalKind::Unauthenticated
            | RefusalKind::MethodNotAllowed
            | RefusalKind::Timeout
            | RefusalKind::TooLarge
            | RefusalKind::UnsupportedMediaType
            | RefusalKind::TooManyRequests
            | RefusalKind::Unavailable,
        ) => None,
    };
    if let Some(position) = position {
        response
            .headers_mut()
            .insert(POSITION, HeaderValue::from(position));
    }
}

/// The position of the head. `None` if the database does not say it soon: an answer without a position is better than one that comes late.
async fn position_of_head(app: &App) -> Option<i64> {
    app.fresh().ok()?;
    let position = tokio::time::timeout(PATIENCE, app.ledger().position_of_head()).await;
    position.ok()?.ok()
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
