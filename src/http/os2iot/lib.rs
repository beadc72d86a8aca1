//! The API of OS2iot's backend, `/api/v1` (contracts/os2iot.md). docs/os2iot.md says what differs.

mod api_key;
mod api_key_info;
mod application;
mod auth;
mod fields;
mod guard;
mod kombit_creation;
mod list;
mod organization;
mod permission;
mod refuse;
mod root;
mod user;
mod wire;

use aggregates::values::Audience;
use server::{App, Credential, Face, Giving, Listener, Operation};
use utoipa_axum::router::OpenApiRouter;

/// How clients of this API prove who they are (contracts/os2iot.md section 1).
const CREDENTIALS: &[Credential] = &[
    Credential::Bearer,
    Credential::Query("secret_token"),
    Credential::Key("x-api-key"),
];

/// The operations that give rights, or ways to act as somebody else.
const GIVING: &[Operation] = &[
    ("post", "/api/v1/permission"),
    ("put", "/api/v1/permission/acceptUser"),
    ("put", "/api/v1/permission/{id}"),
    ("post", "/api/v1/user"),
    ("put", "/api/v1/user/{id}"),
    ("post", "/api/v1/api-key"),
    ("put", "/api/v1/api-key/{id}"),
    ("post", "/api/v1/application"),
    ("put", "/api/v1/application/{id}"),
    ("put", "/api/v1/application/updateApplicationOrganization/{id}"),
];

/// This face, apart from its endpoints under `/auth`.
pub const FACE: Face = Face {
    name: "os2iot",
    mounts: &["/api/v1"],
    listener: Listener::Clients,
    routes,
    tags: &[(
        "os2iot",
        "Organisations, user groups, users, API keys and applications, as OS2iot has them",
    )],
    credentials: CREDENTIALS,
    audience: Audience::Os2iot,
    refuse: refuse::refuse,
    any_request_id: false,
    asked_by_proxies: false,
    public: &[("get", "/api/v1/"), ("get", "/api/v1/healthcheck")],
    own: &[
        ("put", "/api/v1/kombitCreation/createNewKombitUser"),
        ("put", "/api/v1/kombitCreation/updateUserOrgs"),
        ("get", "/api/v1/kombitCreation/minimal"),
        ("get", "/api/v1/kombitCreation/minimalUsers"),
        ("get", "/api/v1/kombitCreation/{id}"),
        ("put", "/api/v1/user/{id}/hide-welcome"),
    ],
    left: &[],
    giving: Giving {
        shows: None,
        operations: GIVING,
    },
    rehearsals: &[],
    settings: &[],
    first_start: |_| Ok(Vec::new()),
};

/// The endpoints under `/auth`, which refuse in another shape.
pub const AUTH: Face = Face {
    name: "os2iot-auth",
    mounts: &["/api/v1/auth"],
    listener: Listener::Clients,
    routes: auth::routes,
    tags: &[],
    credentials: CREDENTIALS,
    audience: Audience::Os2iot,
    refuse: refuse::refuse_under_auth,
    any_request_id: false,
    asked_by_proxies: false,
    public: &[("post", "/api/v1/auth/login")],
    own: &[("get", "/api/v1/auth/profile"), ("get", "/api/v1/auth/me")],
    left: &[],
    giving: Giving::NOTHING,
    rehearsals: &[],
    settings: &[],
    first_start: |_| Ok(Vec::new()),
};

fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .merge(root::routes())
        .merge(kombit_creation::routes())
        .merge(api_key::routes())
        .merge(api_key_info::routes())
        .merge(permission::routes())
        .merge(user::routes())
        .merge(organization::routes())
        .merge(application::routes())
}
