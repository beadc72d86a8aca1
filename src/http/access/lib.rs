//! The AuthZEN Authorization API 1.0 (`/access/v1`): enforcement points ask what a subject may do.
//!
//! The requests are POSTs, but they only read. So a caller needs `read` on the path in context `http`
//! (`ReadOnPath`). Questions that may take long need a turn (`Asks`).

mod changes;
mod configuration;
mod dry_run;
mod evaluate;
mod evaluation;
mod evaluations;
mod explanation;
mod properties;
mod search;
mod wire;

use aggregates::values::Audience;
use server::{App, Credential, Face, Giving, Listener, code_and_message};
use utoipa_axum::{router::OpenApiRouter, routes};

/// This face. Its callers have tokens of the connectware face.
pub const FACE: Face = Face {
    name: "access",
    mounts: &["/access", "/.well-known/authzen-configuration"],
    listener: Listener::Clients,
    routes,
    tags: &[("access", "Who may do what (AuthZEN Authorization API 1.0)")],
    credentials: &[
        Credential::Bearer,
        Credential::Basic,
        Credential::Query("apiToken"),
    ],
    audience: Audience::Connectware,
    refuse: code_and_message,
    any_request_id: true,
    asked_by_proxies: false,
    public: &[("get", "/.well-known/authzen-configuration")],
    own: &[],
    left: &[],
    giving: Giving::NOTHING,
    rehearsals: &[],
    settings: &[],
    first_start: |_| Ok(Vec::new()),
};

fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(evaluations::post_evaluations))
        .routes(routes!(evaluation::post_evaluation))
        .merge(search::routes())
        .routes(routes!(changes::get_changes))
        .routes(routes!(dry_run::post_dry_run))
        .routes(routes!(configuration::get_configuration))
}
