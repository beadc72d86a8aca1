//! `GET /api/auth/ldap`

use axum::Json;
use serde::Serialize;
use utoipa::ToSchema;

/// Whether a directory (LDAP) keeps passwords.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LdapSupport {
    /// Always `false`: this server asks no directory.
    enabled: bool,
    /// How users get roles from the directory: `null`, as there is none.
    mode: Option<&'static str>,
}

/// Whether users may log in by the password that a directory (LDAP) keeps.
#[utoipa::path(get, path = "/api/auth/ldap", tag = "login", security(()), responses(
    (status = 200, description = "The answer", body = LdapSupport)
))]
pub(crate) async fn get_ldap() -> Json<LdapSupport> {
    Json(LdapSupport {
        enabled: false,
        mode: None,
    })
}
