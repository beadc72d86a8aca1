//! Keys, health and metrics.

mod metrics;

use aggregates::values::Audience;
use axum::{Json, extract::State, http::StatusCode, response::IntoResponse};
use serde_json::Value;
use server::{App, Credential, Face, Giving, Listener, Refusal, code_and_message};
use utoipa_axum::{router::OpenApiRouter, routes};

/// This face. It also refuses the paths that belong to no face.
pub const FACE: Face = Face {
    name: "system",
    mounts: &["", "/.well-known/jwks.json", "/healthz", "/readyz"],
    listener: Listener::Clients,
    routes,
    tags: &[("system", "Keys, health and metrics")],
    credentials: &[
        Credential::Bearer,
        Credential::Basic,
        Credential::Query("apiToken"),
    ],
    audience: Audience::Connectware,
    refuse: code_and_message,
    any_request_id: false,
    asked_by_proxies: false,
    public: &[
        ("get", "/.well-known/jwks.json"),
        ("get", "/healthz"),
        ("get", "/readyz"),
    ],
    own: &[],
    left: &[],
    giving: Giving::NOTHING,
    rehearsals: &[],
    settings: &[],
    first_start: |_| Ok(Vec::new()),
};

fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(key_set))
        .routes(routes!(metrics::metrics))
        .merge(health())
}

/// The endpoints of health, for the listener of brokers.
pub fn health() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(alive)).routes(routes!(ready))
}

/// The public keys that verify tokens (RFC 7517).
#[utoipa::path(get, path = "/.well-known/jwks.json", tag = "system", security(()), responses(
    (status = 200, description = "A JSON Web Key Set", body = Value, example = json!({"keys": [
        {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", "use": "sig", "alg": "EdDSA", "kid": "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"}
    ]}))
))]
async fn key_set(State(app): State<App>) -> Json<Value> {
    Json(app.tokens.key_set())
}

/// Whether the process runs.
#[utoipa::path(get, path = "/healthz", tag = "system", security(()), responses(
    (status = 200, description = "It does", body = String, example = json!("ok"))
))]
async fn alive() -> &'static str {
    "ok"
}

/// Whether the server can answer: the database does, and this node is at the ledger's head.
#[utoipa::path(get, path = "/readyz", tag = "system", security(()), responses(
    (status = 200, description = "It can", body = String, example = json!("ready")),
    (status = 503, description = "The database does not answer; with the code `stale`, for so long that nothing is decided from memory any more. With the code `clock`, this node's clock is too far off, and it writes nothing", body = server::ErrorBody)
))]
async fn ready(State(app): State<App>) -> Result<impl IntoResponse, Refusal> {
    let caught_up = app.ledger().follower().catch_up().await;
    app.fresh()?;
    caught_up?;
    app.ledger().clocks().judge()?;
    Ok((StatusCode::OK, "ready"))
}
