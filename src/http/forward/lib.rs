//! Forward authentication, `/access/forward`: a proxy asks whether a request may go on to a server that knows nothing of us.
//! docs/proxies.md has the configuration of each proxy.
//!
//! Each proxy says in a way of its own what the client asked for, and has an endpoint of its own, which reads exactly this. What the request
//! means is decided in `server::forward`.

mod ask;
mod envoy;
mod nginx;
mod permitted;
mod refuse;
mod settings;
mod traefik;

use aggregates::values::Audience;
use server::{App, Credential, Face, Giving, Listener};
use utoipa_axum::router::OpenApiRouter;

/// This face.
pub const FACE: Face = Face {
    name: "forward",
    mounts: &["/access/forward"],
    listener: Listener::Clients,
    routes,
    tags: &[("forward", "What proxies ask about requests to other servers")],
    credentials: &[
        Credential::BearerOfAny,
        Credential::Basic,
        Credential::Key("x-api-key"),
    ],
    audience: Audience::Connectware,
    refuse: refuse::refuse,
    any_request_id: false,
    asked_by_proxies: true,
    public: &[],
    own: &[],
    left: &[],
    giving: Giving::NOTHING,
    rehearsals: &[],
    settings: &[settings::COIOTE, settings::OS2IOT],
    first_start: |_| Ok(Vec::new()),
};

fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .merge(nginx::routes())
        .merge(traefik::routes())
        .merge(envoy::routes())
}
