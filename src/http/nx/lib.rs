//! The Scailable API of Nx, `/auth` (contracts/nx.md): signing in, licences, and their administration. docs/licences.md and docs/nx.md
//! describe it.

mod admin;
mod authenticate;
mod cloud;
mod guard;
mod license;
mod licenses;
mod list;
mod message;
mod organisation;
mod parameters;
mod refuse;
mod settings;
mod user;
mod wire;

use std::time::Duration;

use aggregates::values::Audience;
use server::{App, Credential, Duty, Face, Giving, Listener, within};
use utoipa_axum::router::OpenApiRouter;

/// The time of what reads one thing (contracts/nx.md).
const ONE: Duration = Duration::from_secs(1);
/// The time of lists and changes.
const FIVE: Duration = Duration::from_secs(5);
/// The time of what compares or hashes a password, and of the refresh token.
const FIFTEEN: Duration = Duration::from_secs(15);

/// This face. Tokens of the connectware face count here, too: its administrators administer licences.
pub const FACE: Face = Face {
    name: "nx",
    mounts: &["/auth"],
    listener: Listener::Clients,
    routes,
    tags: &[(
        "nx",
        "Signing in, agreements and licences, as the Scailable API of Nx has them",
    )],
    credentials: &[Credential::Bearer, Credential::BearerOf(Audience::Connectware)],
    audience: Audience::Nx,
    refuse: refuse::refuse,
    any_request_id: false,
    asked_by_proxies: false,
    public: &[
        ("post", "/auth/authenticate/signin"),
        ("post", "/auth/authenticate/refresh-token"),
        ("post", "/auth/authenticate/password-strength"),
        ("post", "/auth/authenticate/forgot-password"),
        ("post", "/auth/authenticate/reset-password"),
        ("post", "/auth/user"),
        ("get", "/auth/user/verify"),
        ("post", "/auth/organisation/{uuid}/user"),
        ("get", "/auth/cloud/status"),
    ],
    own: &[
        ("post", "/auth/authenticate/signout"),
        ("post", "/auth/authenticate/update-password"),
        ("get", "/auth/parameters"),
        ("get", "/auth/user/{uuid}"),
        ("patch", "/auth/user/{uuid}"),
        ("get", "/auth/organisation/{uuid}/members"),
        ("delete", "/auth/organisation/{uuid}/members/{user}"),
        ("post", "/auth/organisation/{uuid}/invite"),
        ("post", "/auth/organisation/{uuid}/join"),
    ],
    left: &[
        (
            Duty::ChangePassword,
            &[
                ("post", "/auth/authenticate/signout"),
                ("post", "/auth/authenticate/update-password"),
            ],
        ),
        (Duty::EnrolSecondFactor, &[("post", "/auth/authenticate/signout")]),
    ],
    giving: Giving::NOTHING,
    rehearsals: &[],
    settings: &[
        settings::ACCESS,
        settings::REFRESH,
        settings::KEEP,
        settings::SIGN_UP,
    ],
    first_start: |_| Ok(Vec::new()),
};

fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .merge(within(FIFTEEN, authenticate::routes()))
        .merge(within(ONE, parameters::routes()))
        .merge(within(ONE, cloud::routes()))
        .merge(user::routes())
        .merge(organisation::routes())
        .merge(within(FIVE, licenses::routes()))
        .merge(within(ONE, license::routes()))
        .merge(within(FIVE, admin::routes()))
}
