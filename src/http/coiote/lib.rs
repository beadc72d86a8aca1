//! OAuth 2.0 for the API of Coiote IoT DM (contracts/coiote.md section 1). That API itself is on another server, which a proxy guards with this
//! one (the face `forward`). docs/coiote.md is for operators.

mod auth;
mod metadata;
mod oauth;
mod refuse;
mod service_accounts;
mod settings;

use aggregates::values::Audience;
use server::{App, Credential, Face, Giving, Listener, code_and_message};
use utoipa_axum::{router::OpenApiRouter, routes};

/// The endpoints that refuse in the form of OAuth 2.0.
pub const OAUTH: Face = Face {
    name: "oauth",
    mounts: &[
        "/api/auth/oauth_password",
        "/api/auth/invalidate_token",
        "/iam",
        "/oauth",
        "/.well-known/oauth-authorization-server",
    ],
    listener: Listener::Clients,
    routes,
    tags: &[("oauth", "Tokens for the API of Coiote IoT DM, by OAuth 2.0")],
    credentials: &[Credential::BearerOfAny, Credential::Client],
    audience: Audience::Coiote,
    refuse: refuse::refuse,
    any_request_id: false,
    asked_by_proxies: false,
    public: &[
        ("post", "/api/auth/oauth_password"),
        ("post", "/api/auth/invalidate_token"),
        ("post", "/iam/realms/{realm}/protocol/openid-connect/token"),
        ("post", "/oauth/token"),
        ("post", "/oauth/revoke"),
        ("get", "/.well-known/oauth-authorization-server"),
    ],
    own: &[],
    left: &[],
    giving: Giving::NOTHING,
    rehearsals: &[],
    settings: &[settings::TOKEN_SECONDS],
    first_start: |_| Ok(Vec::new()),
};

/// The service accounts, which administrators open.
pub const SERVICE_ACCOUNTS: Face = Face {
    name: "service-accounts",
    mounts: &["/api/service-accounts"],
    listener: Listener::Clients,
    routes: service_accounts::routes,
    tags: &[("service-accounts", "Programs that get tokens by OAuth 2.0")],
    credentials: &[Credential::Bearer, Credential::Basic],
    audience: Audience::Connectware,
    refuse: code_and_message,
    any_request_id: false,
    asked_by_proxies: false,
    public: &[],
    own: &[],
    left: &[],
    giving: Giving {
        shows: None,
        operations: &[
            ("post", "/api/service-accounts"),
            ("post", "/api/service-accounts/{id}/secrets"),
        ],
    },
    rehearsals: &[],
    settings: &[],
    first_start: |_| Ok(Vec::new()),
};

fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .merge(auth::routes())
        .merge(oauth::routes())
        .routes(routes!(metadata::get_oauth_metadata))
}
