//! Users as they are shown. A password hash is never part of it.

use std::sync::Arc;

use aggregates::values::{Certificate, GrantType, IdentityProvider, Timestamp, UserId};

use crate::{role_directory::RoleRow, sessions::SessionRow};

/// A user with all that they hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserRow {
    /// Their id.
    pub id: UserId,
    /// Their name; `aggregates::sealing::ERASED` if it was erased.
    pub username: String,
    /// Made by a service, not by a person.
    pub auto_generated: bool,
    /// Put before every topic the user publishes to.
    pub mqtt_publish_prefix: Option<String>,
    /// Who vouches for the user.
    pub identity_provider: IdentityProvider,
    /// How the user may prove who they are.
    pub grant_types: Vec<GrantType>,
    /// The user must enrol a second factor.
    pub enforce_mfa_enrollment: bool,
    /// When they were made.
    pub created_at: Timestamp,
    /// When one of the values above last changed.
    pub updated_at: Timestamp,
    /// Tokens that are good at the moment asked for, oldest first.
    pub tokens: Vec<SessionRow>,
    /// Certificates the user may present, oldest first.
    pub certificates: Vec<Certificate>,
    /// Roles held, oldest role first, with the one of the user's own permissions if there are any. Users who
    /// hold the same role share its row.
    pub roles: Vec<Arc<RoleRow>>,
}
