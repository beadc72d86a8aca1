//! Reading the ledger over HTTP.

mod events;

use aggregates::values::Audience;
use server::{App, Credential, Face, Giving, code_and_message};
use utoipa_axum::{router::OpenApiRouter, routes};

/// This face. Its callers have tokens of the connectware face.
pub const FACE: Face = Face {
    name: "audit",
    mounts: &["/api/events"],
    routes,
    tags: &[("audit", "Reading the ledger")],
    credentials: &[
        Credential::Bearer,
        Credential::Basic,
        Credential::Query("apiToken"),
    ],
    audience: Audience::Connectware,
    refuse: code_and_message,
    public: &[],
    own: &[],
    giving: Giving::NOTHING,
    rehearsals: &[],
    settings: &[],
    first_start: |_| Ok(Vec::new()),
};

fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(events::get_events))
}
