//! EMQX with its HTTP authenticator and authorizer: JSON, answered by `result`.
//!
//! EMQX takes an answer without `result`, and any error, for `ignore`, and asks the next source. So each answer has a `result`.

mod authn;
mod authz;

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use serde_json::json;
use server::App;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(authn::emqx_authn))
        .routes(routes!(authz::emqx_authz))
}

fn deny() -> Response {
    Json(json!({ "result": "deny" })).into_response()
}
