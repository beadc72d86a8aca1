//! The commands to a user.

use crate::values::{
    Certificate, Fingerprint, GrantType, IdentityProvider, PasswordHash, Permission, PermissionId, RoleId,
    Username,
};

/// A command to one user. Passwords arrive hashed (as PHC strings), ids and times come from outside.
#[derive(Clone, Debug)]
pub enum UserCommand {
    /// Make the user.
    Create(CreateUser),
    /// The user replaces their own password; the old one was verified.
    ChangePassword {
        /// What the old password was verified against. If it is no longer the hash held, the change is refused.
        verified: PasswordHash,
        /// A PHC string.
        password_hash: PasswordHash,
    },
    /// Somebody else sets the password.
    SetPassword {
        /// A PHC string.
        password_hash: PasswordHash,
    },
    /// The same password under stronger parameters, at login.
    RehashPassword {
        /// What the password was verified against. If it is no longer the hash held, nothing happens.
        verified: PasswordHash,
        /// A PHC string.
        password_hash: PasswordHash,
    },
    /// Change what is given; leave the rest.
    Update(UpdateUser),
    /// Give a role.
    GrantRole(RoleGrant),
    /// Take a role.
    RevokeRole {
        /// Which.
        role_id: RoleId,
    },
    /// Give a permission of the user's own.
    GrantPermission(Permission),
    /// Take a permission of the user's own.
    RevokePermission {
        /// Which.
        id: PermissionId,
    },
    /// Let the user present a certificate.
    AddCertificate(Certificate),
    /// The user may no longer present a certificate.
    RemoveCertificate {
        /// Which.
        fingerprint: Fingerprint,
    },
    /// Void every token issued to the user so far.
    RevokeAllTokens,
    /// Remove the user.
    Delete,
}

/// A role to give, and what is known of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RoleGrant {
    /// Which.
    pub role_id: RoleId,
    /// Whether several users may hold the role. The claims of the grant reject it if that has changed meanwhile.
    pub is_shared: bool,
}

impl RoleGrant {
    /// Whether the user holds the role exclusively: nobody else may hold a role that is not shared.
    pub(crate) fn is_exclusive(self) -> bool {
        !self.is_shared
    }
}

/// All that a new user has.
#[derive(Clone, Debug)]
pub struct CreateUser {
    /// Unique among users.
    pub username: Username,
    /// Who vouches for the user.
    pub identity_provider: IdentityProvider,
    /// Made by a service.
    pub auto_generated: bool,
    /// Put before every topic the user publishes to.
    pub mqtt_publish_prefix: Option<String>,
    /// How the user may prove who they are; each method once.
    pub grant_types: Vec<GrantType>,
    /// The user must enrol a second factor.
    pub enforce_mfa_enrollment: bool,
    /// A PHC string.
    pub password_hash: Option<PasswordHash>,
    /// Roles to hold.
    pub roles: Vec<RoleGrant>,
    /// Permissions of the user's own.
    pub permissions: Vec<Permission>,
    /// Certificates to present.
    pub certificates: Vec<Certificate>,
}

/// What to change; `None` leaves it.
#[derive(Clone, Debug, Default)]
pub struct UpdateUser {
    /// Another username.
    pub username: Option<Username>,
    /// Another publish prefix; `Some(None)` removes it.
    pub mqtt_publish_prefix: Option<Option<String>>,
    /// Somebody else vouches.
    pub identity_provider: Option<IdentityProvider>,
    /// Other methods, all of them.
    pub grant_types: Option<Vec<GrantType>>,
    /// Whether a second factor must be enrolled.
    pub enforce_mfa_enrollment: Option<bool>,
    /// A new password, as a PHC string (set by somebody else).
    pub password_hash: Option<PasswordHash>,
    /// Exactly these roles.
    pub roles: Option<Vec<RoleGrant>>,
    /// Exactly these permissions of the user's own. Those that say the same as one held keep that one's id.
    pub permissions: Option<Vec<Permission>>,
}
