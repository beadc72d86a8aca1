//! `POST /auth/authenticate/refresh-token`

use axum::{Json, extract::State};
use serde::Deserialize;
use server::{
    App, BearerToken, JsonBody, Origin, Refusal, SMALL_BODY, Wrote,
    identity::sign_in::{RefreshRequest, refresh},
};
use utoipa::ToSchema;

use super::TokensOut;
use crate::settings::access;

/// The only kind of grant that a client may name.
const GRANT: &str = "RefreshToken";

/// What a refresh token should lead to.
#[derive(Deserialize, ToSchema)]
#[schema(as = NxRefresh)]
pub(crate) struct Refresh {
    /// With `RefreshToken`, another refresh token takes the place of the active one. Without it, the answer has the active one.
    #[serde(rename = "GrantType")]
    #[schema(example = "RefreshToken")]
    grant_type: Option<String>,
}

/// A new access token, for a refresh token in `Authorization: Bearer`. The active refresh token counts, and the one before it, which leads to the same
/// successor. An older one ends the sign-in with all its tokens.
#[utoipa::path(post, operation_id = "nx_post_refresh_token", path = "/auth/authenticate/refresh-token", tag = "nx", security(()),
    request_body = Refresh, responses(
        (status = 200, description = "The tokens", body = TokensOut),
        (status = 401, description = "The refresh token is none, or has ended")
))]
pub(crate) async fn post_refresh_token(
    State(app): State<App>,
    origin: Origin,
    token: Result<BearerToken, Refusal>,
    JsonBody(body): JsonBody<Refresh, SMALL_BODY>,
) -> Result<Wrote<Json<TokensOut>>, Refusal> {
    let rotate = match body.grant_type.as_deref() {
        None | Some("") => false,
        Some(GRANT) => true,
        Some(_) => {
            return Err(Refusal::invalid("GrantType must be RefreshToken").in_field("GrantType"));
        }
    };
    let BearerToken(token) = token?;
    let request = RefreshRequest {
        token: &token,
        rotate,
        access: access(&app),
    };
    let refreshed = refresh(&app, request, &origin).await?;
    Ok(Wrote(refreshed.position, Json(refreshed.into())))
}
