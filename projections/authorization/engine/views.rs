//! The answers of the projection.

use std::sync::Arc;

use aggregates::values::{GrantType, IdentityProvider, Permission, RoleId, RoleName};

/// Whether something is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Whether it is allowed.
    pub allowed: bool,
    /// The decision is at least as new as this position of the ledger.
    pub position: i64,
}

/// A user.
#[derive(Clone, Debug, PartialEq)]
pub struct UserView {
    /// The username; [`aggregates::sealing::ERASED`] if it is erased.
    pub username: Arc<str>,
    /// The ways in which the user may prove their identity; each method once.
    pub grant_types: Vec<GrantType>,
    /// Whether the user must enrol a second factor.
    pub enforce_mfa_enrollment: bool,
    /// Whether the user has a second factor.
    pub has_second_factor: bool,
    /// Whether the user must change their password.
    pub must_change_password: bool,
    /// The prefix that is put before every topic to which the user publishes.
    pub mqtt_publish_prefix: Option<Arc<str>>,
    /// The roles that the user holds, in order.
    pub roles: Vec<RoleId>,
    /// The identity provider that keeps the user's password.
    pub identity_provider: IdentityProvider,
}

/// A role.
#[derive(Clone, Debug, PartialEq)]
pub struct RoleView {
    /// The name of the role.
    pub name: RoleName,
    /// Whether more than one user may hold the role.
    pub is_shared: bool,
    /// Whether a service made the role.
    pub auto_generated: bool,
    /// The permissions that the role gives, in the order of their ids.
    pub permissions: Vec<Permission>,
}
