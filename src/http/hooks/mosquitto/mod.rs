//! Mosquitto with mosquitto-go-auth, and what asks like it: forms or JSON, answered by the status.

mod acl;
mod superuser;
mod user;

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::json;
use server::App;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(user::mosquitto_user))
        .routes(routes!(superuser::mosquitto_superuser))
        .routes(routes!(acl::mosquitto_acl))
}

/// Each of the plugin's response modes finds what it looks for: the status, the text, or the object.
fn allow(is_json: bool) -> Response {
    match is_json {
        true => Json(json!({ "ok": true, "error": "" })).into_response(),
        false => "ok".into_response(),
    }
}

fn deny() -> Response {
    (
        StatusCode::FORBIDDEN,
        Json(json!({ "ok": false, "error": "denied" })),
    )
        .into_response()
}
