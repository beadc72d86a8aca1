//! Bodies that are no JSON object or array: bytes of another format, and a text in JSON.

use std::time::Duration;

use axum::{
    body::Body,
    extract::{FromRequest, Request},
    http::{HeaderMap, header},
};

use super::{
    MOST_BYTES,
    kinds::{essence, is_of_browser, must_be_json, unsupported},
    receive,
    receive::Terms,
    received, text,
};
use crate::{app::App, refusal::Refusal};

/// A body of at most `MOST` bytes in any format. The endpoint reads the format itself. A `Content-Type` that the page of another site can
/// send without asking first is refused, and so is a request of a browser without one: a certificate or a remembered password would
/// vouch for it.
pub struct RawBody<const MOST: usize>(pub Vec<u8>);

/// A body that is a JSON string; otherwise like [`crate::JsonBody`].
pub struct JsonText<const MOST: usize = MOST_BYTES>(pub String);

impl<const MOST: usize> FromRequest<App> for RawBody<MOST> {
    type Rejection = Refusal;

    async fn from_request(request: Request, app: &App) -> Result<Self, Refusal> {
        must_have_a_format(request.headers())?;
        received(request, app, MOST).await.map(Self)
    }
}

/// The content types that any page can send to any site (Fetch standard, "CORS-safelisted request-header").
const OF_ANY_PAGE: [&str; 3] = [
    "text/plain",
    "application/x-www-form-urlencoded",
    "multipart/form-data",
];

fn must_have_a_format(headers: &HeaderMap) -> Result<(), Refusal> {
    let mut kinds = headers.get_all(header::CONTENT_TYPE).iter();
    let has_one = match (kinds.next(), kinds.next()) {
        (Some(kind), None) => kind
            .to_str()
            .is_ok_and(|kind| !OF_ANY_PAGE.contains(&essence(kind).as_str())),
        (None, _) => !is_of_browser(headers),
        (Some(_), Some(_)) => false,
    };
    match has_one {
        true => Ok(()),
        false => Err(unsupported("the body must have the content type of its format")),
    }
}

impl<const MOST: usize> FromRequest<App> for JsonText<MOST> {
    type Rejection = Refusal;

    async fn from_request(request: Request, app: &App) -> Result<Self, Refusal> {
        must_be_json(request.headers())?;
        let bytes = received(request, app, MOST).await?;
        let text = serde_json::from_str(text(&bytes)?);
        text.map(Self)
            .map_err(|_| Refusal::invalid("the body must be a JSON string"))
    }
}

/// Receives the body of a broker that has proved by the secret that it asks.
pub(crate) async fn of_broker(
    headers: &HeaderMap,
    body: Body,
    app: &App,
    most: usize,
) -> Result<Vec<u8>, Refusal> {
    let terms = Terms {
        budget: app.bodies(),
        most,
        is_admitted: true,
        is_asked_for: headers.contains_key(header::EXPECT),
        patience: Duration::from_millis(app.settings.body_patience_ms),
    };
    receive::receive(body, terms).await.map(|(body, _)| body)
}
