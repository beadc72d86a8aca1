//! `/auth/authenticate`

mod forgot_password;
mod password_strength;
mod refresh_token;
mod reset_password;
mod signin;
mod signout;
mod update_password;

pub(crate) use password_strength::accepted;
use serde::Serialize;
use server::{App, identity::sign_in::SignedIn};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(signin::post_signin))
        .routes(routes!(refresh_token::post_refresh_token))
        .routes(routes!(signout::post_signout))
        .routes(routes!(password_strength::post_password_strength))
        .routes(routes!(update_password::post_update_password))
        .routes(routes!(forgot_password::post_forgot_password))
        .routes(routes!(reset_password::post_reset_password))
}

/// The tokens of somebody who is signed in. With less than 400 bytes, the client of Scailable reads it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NxTokens)]
pub(crate) struct TokensOut {
    /// What proves the user to all other operations: a JWT with `sub`, `exp` and `jti`.
    #[serde(rename = "AccessToken")]
    access: String,
    /// What leads to further access tokens: a JWT with `exp` and `jti`.
    #[serde(rename = "RefreshToken")]
    refresh: String,
}

impl From<SignedIn> for TokensOut {
    fn from(signed_in: SignedIn) -> Self {
        Self {
            access: signed_in.access,
            refresh: signed_in.refresh,
        }
    }
}
