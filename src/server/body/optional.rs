//! A body that a request may leave out.

use axum::{
    body::HttpBody,
    extract::{FromRequest, OptionalFromRequest, Request},
};
use serde::de::DeserializeOwned;

use super::kinds::is_json;
use super::{JsonBody, not_json};
use crate::{app::App, refusal::Refusal};

/// A request without a body gives `None`. It is refused like a request whose body is no JSON, if a browser may have sent it for the page
/// of another site.
impl<T: DeserializeOwned + Send + 'static, const MOST: usize> OptionalFromRequest<App> for JsonBody<T, MOST> {
    type Rejection = Refusal;

    async fn from_request(request: Request, app: &App) -> Result<Option<Self>, Refusal> {
        if !request.body().is_end_stream() {
            let body = <Self as FromRequest<App>>::from_request(request, app);
            return body.await.map(Some);
        }
        match is_json(request.headers()) {
            true => Ok(None),
            false => Err(not_json()),
        }
    }
}
