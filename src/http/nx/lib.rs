//! The Scailable API of Nx, `/auth` (contracts/nx.md): licences, and their administration. docs/licences.md describes it.

mod admin;
mod guard;
mod license;
mod licenses;
mod list;
mod message;
mod refuse;
mod wire;

use aggregates::values::Audience;
use server::{App, Credential, Face, Giving, Listener};
use utoipa_axum::router::OpenApiRouter;

/// This face. Its callers have tokens of the connectware face.
pub const FACE: Face = Face {
    name: "nx",
    mounts: &["/auth"],
    listener: Listener::Clients,
    routes,
    tags: &[(
        "nx",
        "Agreements and licences, as the Scailable API of Nx has them",
    )],
    credentials: &[Credential::Bearer],
    audience: Audience::Connectware,
    refuse: refuse::refuse,
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
        .merge(licenses::routes())
        .merge(license::routes())
        .merge(admin::routes())
}
