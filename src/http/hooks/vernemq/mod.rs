//! VerneMQ with its webhooks: one endpoint, whose header `vernemq-hook` says what VerneMQ asks. JSON, always answered by 200.
//!
//! VerneMQ takes an answer that it does not understand for a failure of the session. It caches an answer only if a header tells it to,
//! and these answers tell it not to.

mod enhanced;
mod publish;
mod register;
mod subscribe;
mod webhook;

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};
use server::App;
use utoipa_axum::{router::OpenApiRouter, routes};

/// The header that names the hook.
const HOOK: &str = "vernemq-hook";

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(webhook::vernemq))
        .routes(routes!(enhanced::enhanced))
}

/// The versions of MQTT whose answers differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Version {
    /// 3.1 and 3.1.1.
    Three,
    /// 5.0.
    Five,
}

/// What VerneMQ may do, without changes.
fn ok() -> Value {
    json!({ "result": "ok" })
}

/// The same, with changes.
fn ok_with(modifiers: &Value) -> Value {
    json!({ "result": "ok", "modifiers": modifiers })
}

fn deny() -> Response {
    Json(json!({ "result": { "error": "not_allowed" } })).into_response()
}
