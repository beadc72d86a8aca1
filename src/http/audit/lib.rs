//! What auditors read: the events of the ledger, and the trail of what was done and what was refused.

mod audit;
mod events;

use aggregates::values::Audience;
use server::{App, Credential, Face, Giving, Listener, code_and_message};
use utoipa_axum::{router::OpenApiRouter, routes};

/// This face. Its callers have tokens of the connectware face.
pub const FACE: Face = Face {
    name: "audit",
    mounts: &["/api/audit", "/api/events"],
    listener: Listener::Clients,
    routes,
    tags: &[("audit", "The ledger, and what was refused")],
    credentials: &[
        Credential::Bearer,
        Credential::Basic,
        Credential::Query("apiToken"),
    ],
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
        .routes(routes!(audit::get_audit))
        .routes(routes!(events::get_events))
}
