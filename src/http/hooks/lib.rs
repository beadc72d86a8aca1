//! The hooks of MQTT brokers (`/hooks`): a broker asks who may connect, publish and subscribe. docs/brokers.md has the
//! configuration of each broker.
//!
//! Each broker has requests and answers of its own, in a folder of its own. What a question means is the same for all of
//! them, and is decided in `server::brokers`. Whatever is wrong with a question, the answer is the broker's own form of a
//! refusal: some brokers take any other answer for a permission. Only a request without the secret gets another answer, 401.

mod emqx;
mod form;
mod mosquitto;
mod rabbitmq;
mod vernemq;

use aggregates::values::Audience;
use server::{App, Credential, Face, Giving, Listener, code_and_message};
use utoipa_axum::router::OpenApiRouter;

/// This face. It answers brokers, on a listener of their own.
pub const FACE: Face = Face {
    name: "hooks",
    mounts: &["/hooks", "/api/broker"],
    listener: Listener::Brokers,
    routes,
    tags: &[("hooks", "What brokers ask")],
    credentials: &[Credential::Bearer, Credential::Basic, Credential::Query("secret")],
    audience: Audience::Connectware,
    refuse: code_and_message,
    any_request_id: false,
    asked_by_proxies: false,
    public: &[],
    own: &[],
    left: &[],
    giving: Giving::NOTHING,
    rehearsals: &[],
    settings: &[],
    first_start: |_| Ok(Vec::new()),
};

fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .merge(rabbitmq::routes())
        .merge(vernemq::routes())
        .merge(emqx::routes())
        .merge(mosquitto::routes())
}
