//! The connectware face, `/api` (contracts/connectware.md). Folders mirror the URLs, and each endpoint has a file.

mod auth;
mod certificates;
mod change_password;
mod client_registry;
mod list_users;
mod log_out;
mod login;
mod mfa;
mod permissions;
mod roles;
mod session;
mod users;
mod wire;

use aggregates::{
    Command,
    role::RoleCommand,
    values::{Audience, Context, Invalid, Operation, RoleId},
};
use ledger::ids::Entropy;
use server::{App, Credential, Duty, Face, Giving, Listener, bootstrap::shared_role, code_and_message};
use utoipa_axum::{router::OpenApiRouter, routes};

/// This face.
pub const FACE: Face = Face {
    name: "connectware",
    mounts: &["/api"],
    listener: Listener::Clients,
    routes,
    tags: &[
        ("users", "People and machines, and what they hold"),
        ("roles", "Named sets of permissions"),
        (
            "permissions",
            "Permissions, asked from the side of what they allow",
        ),
        (
            "certificates",
            "Authorities that this server trusts, and certificates that it issued",
        ),
        ("login", "Logging in, and the session"),
        ("mfa", "The caller's second factor"),
        ("client-registry", "Devices that ask to be let in"),
    ],
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
        ("post", "/api/login"),
        ("post", "/api/client-registry/register"),
        ("post", "/api/mfa/login"),
        ("get", "/api/auth/password-policy"),
        ("get", "/api/auth/mfa"),
        ("get", "/api/auth/ldap"),
        ("get", "/api/auth/msEntraId"),
    ],
    own: &[
        ("get", "/api/session"),
        ("delete", "/api/session"),
        ("put", "/api/users/change-password"),
        ("post", "/api/mfa/enable"),
        ("post", "/api/mfa/validate"),
        ("post", "/api/mfa/disable"),
        ("post", "/api/mfa/regenerate/backupcodes"),
    ],
    left: &[
        (
            Duty::ChangePassword,
            &[
                ("get", "/api/session"),
                ("delete", "/api/session"),
                ("put", "/api/users/change-password"),
            ],
        ),
        (
            Duty::EnrolSecondFactor,
            &[
                ("get", "/api/session"),
                ("delete", "/api/session"),
                ("post", "/api/mfa/enable"),
                ("post", "/api/mfa/validate"),
            ],
        ),
    ],
    giving: Giving {
        shows: Some(|user| format!("/api/users/{user}")),
        operations: &[
            ("post", "/api/users"),
            ("post", "/api/users/batch"),
            ("put", "/api/users/{id}"),
            ("post", "/api/users/{id}/roles"),
            ("post", "/api/users/{id}/mfa/disable"),
            ("post", "/api/users/{id}/mfa/regenerate/backupcodes"),
            ("post", "/api/users/{id}/certificates"),
            ("post", "/api/certificates/issued"),
            ("post", "/api/client-registry/confirm"),
            ("post", "/api/roles"),
            ("put", "/api/roles/{id}"),
            ("post", "/api/roles/{id}/permissions"),
            ("put", "/api/roles/{id}/permissions/{pemId}"),
        ],
    },
    rehearsals: &[roles::REHEARSALS, users::REHEARSALS, client_registry::REHEARSALS],
    settings: &[],
    first_start,
};

/// The rights that everybody needs to log in and to read the documentation (contracts/connectware.md section 0,
/// "Default roles").
const MINIMUM: [(&str, Operation, Context); 3] = [
    ("/api/session", Operation::Read, Context::Http),
    ("/api/users/change-password", Operation::Write, Context::Http),
    ("/api/v1/docs/#", Operation::Read, Context::Http),
];

fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .merge(users::routes())
        .merge(roles::routes())
        .merge(permissions::routes())
        .merge(certificates::routes())
        .merge(client_registry::routes())
        .merge(auth::routes())
        .merge(mfa::routes())
        .routes(routes!(list_users::get_list_users))
        .routes(routes!(change_password::put_change_password))
        .routes(routes!(login::post_login))
        .routes(routes!(session::get_session, log_out::delete_session))
}

/// Makes the role that administrators give to new users.
fn first_start(entropy: &dyn Entropy) -> Result<Vec<Command>, Invalid> {
    let minimum = shared_role("minimum-access", &MINIMUM, entropy)?;
    Ok(vec![Command::Role(
        RoleId::MINIMUM_ACCESS,
        RoleCommand::Create(minimum),
    )])
}
