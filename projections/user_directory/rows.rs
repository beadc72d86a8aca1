//! Users as clients see them. A password hash is never part of a row.

use std::sync::Arc;

use aggregates::values::{Certificate, GrantType, IdentityProvider, Timestamp, UserId};

use crate::{role_directory::RoleRow, sessions::SessionRow};

/// A user with everything that they hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserRow {
    /// The id of the user.
    pub id: UserId,
    /// The username; `aggregates::sealing::ERASED` if it was erased.
    pub username: String,
    /// Whether a service made the user, not a person.
    pub auto_generated: bool,
    /// The prefix that is put before every topic to which the user publishes.
    pub mqtt_publish_prefix: Option<String>,
    /// The identity provider that keeps the user's password.
    pub identity_provider: IdentityProvider,
    /// The ways in which the user may prove their identity.
    pub grant_types: Vec<GrantType>,
    /// Whether the user must enrol a second factor.
    pub enforce_mfa_enrollment: bool,
    /// Whether the user has a second factor.
    pub has_second_factor: bool,
    /// Whether the user must change their password.
    pub must_change_password: bool,
    /// When the user was created.
    pub created_at: Timestamp,
    /// When one of the values above last changed.
    pub updated_at: Timestamp,
    /// Tokens that are valid at the requested time, oldest first.
    pub tokens: Vec<SessionRow>,
    /// Certificates that the user may present, oldest first.
    pub certificates: Vec<Certificate>,
    /// The roles that the user holds, oldest role first, including the role of their own permissions if they have any.
    /// Users who hold the same role share its row.
    pub roles: Vec<Arc<RoleRow>>,
}
