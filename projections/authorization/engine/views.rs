//! What the projection answers.

use std::sync::Arc;

use aggregates::values::{GrantType, IdentityProvider, Permission, RoleId, RoleName};

/// Whether something is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Whether it is.
    pub allowed: bool,
    /// The decision is at least as new as this position of the ledger.
    pub position: i64,
}

/// A user.
#[derive(Clone, Debug, PartialEq)]
pub struct UserView {
    /// The username; [`aggregates::sealing::ERASED`] if it is erased.
    pub username: Arc<str>,
    /// How the user may prove who they are; each method once.
    pub grant_types: Vec<GrantType>,
    /// The user must enrol a second factor.
    pub enforce_mfa_enrollment: bool,
    /// Put before every topic the user publishes to.
    pub mqtt_publish_prefix: Option<Arc<str>>,
    /// The roles held, in order.
    pub roles: Vec<RoleId>,
    /// Who vouches for the user.
    pub identity_provider: IdentityProvider,
}

/// A role.
#[derive(Clone, Debug, PartialEq)]
pub struct RoleView {
    /// Its name.
    pub name: RoleName,
    /// May be held by more than one user.
    pub is_shared: bool,
    /// Made by a service.
    pub auto_generated: bool,
    /// What it grants, in the order of the permissions' ids.
    pub permissions: Vec<Permission>,
}
