//! `/api/auth`: what clients of Coiote IoT DM call. The rest of `/api/auth` is of another face.

mod invalidate_token;
mod oauth_password;

use server::App;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(oauth_password::post_oauth_password))
        .routes(routes!(invalidate_token::post_invalidate_token))
}
