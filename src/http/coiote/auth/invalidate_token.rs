//! `POST /api/auth/invalidate_token`

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use server::{App, JsonBody, Origin, Refusal, SMALL_BODY, oauth::revoke};
use utoipa::ToSchema;
use zeroize::Zeroizing;

use crate::oauth::ended;

/// A token to end.
#[derive(Deserialize, ToSchema)]
#[schema(as = CoioteTokenToEnd)]
pub(crate) struct ToEnd {
    /// The token.
    #[schema(value_type = String)]
    token: Zeroizing<String>,
}

/// Ends a token: whoever has it may do so. A token that is unknown or has ended is no error.
#[utoipa::path(post, path = "/api/auth/invalidate_token", tag = "oauth", security(()), request_body = ToEnd, responses(
    (status = 204, description = "The token is void"),
    (status = 400, description = "The body is not as it should be")
))]
pub(crate) async fn post_invalidate_token(
    State(app): State<App>,
    origin: Origin,
    JsonBody(body): JsonBody<ToEnd, SMALL_BODY>,
) -> Result<Response, Refusal> {
    let position = revoke(&app, &origin, &body.token).await?;
    Ok(ended(position, StatusCode::NO_CONTENT).into_response())
}
