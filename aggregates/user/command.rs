//! The commands for a user.

use super::second_factor::{Limit, Proof};
use crate::values::{
    AccountKind, BackupCodeHash, Certificate, Fingerprint, GrantType, GroupId, IdentityProvider,
    PasswordHash, Permission, PermissionId, RoleId, SessionId, Timestamp, TotpSecret, Username,
};

/// A command for one user. Passwords arrive hashed (as PHC strings). The caller supplies new ids and times.
#[derive(Clone, Debug)]
pub enum UserCommand {
    /// Create the user.
    Create(CreateUser),
    /// The user replaces their own password; the caller verified the old one. All sessions of the user end, except one.
    ChangePassword {
        /// The hash against which the old password was verified. If the user has another hash now, the change is
        /// refused.
        verified: PasswordHash,
        /// The new hash, a PHC string.
        password_hash: PasswordHash,
        /// The session in which the user makes the change; `None` if the user has proved their identity without a token.
        session: Option<SessionId>,
    },
    /// Somebody else sets the password. All sessions of the user end.
    SetPassword {
        /// The new hash, a PHC string.
        password_hash: PasswordHash,
    },
    /// Hash the same password with stronger parameters, at login.
    RehashPassword {
        /// The hash against which the password was verified. If the user has another hash now, nothing happens.
        verified: PasswordHash,
        /// The new hash, a PHC string.
        password_hash: PasswordHash,
    },
    /// The password has become too old: the user must change it. Somebody else demands this by an update.
    DemandPasswordChange {
        /// The hash of the password that is too old. If the user has another hash now, nothing happens.
        verified: PasswordHash,
    },
    /// Give the user the secret of a TOTP, which they may confirm.
    OfferTotp {
        /// The secret.
        secret: TotpSecret,
    },
    /// The user confirms the TOTP that was offered: it is their second factor from now on.
    EnrolTotp {
        /// The secret against which the code was verified. If another one was offered since, the command is refused.
        verified: TotpSecret,
        /// The time step of the code.
        step: i64,
        /// The keyed digests of the back-up codes.
        backup_codes: Vec<BackupCodeHash>,
    },
    /// The user proves their second factor.
    UseSecondFactor {
        /// The proof.
        proof: Proof,
        /// The time.
        now: Timestamp,
    },
    /// Count a wrong code. The caller verified something else before that proves who the user is.
    CountWrongCode {
        /// How many are too many.
        limit: Limit,
        /// The time.
        now: Timestamp,
    },
    /// Replace the back-up codes.
    ReplaceBackupCodes {
        /// How the user proves their second factor; `None` if somebody else replaces the codes.
        proof: Option<Proof>,
        /// The time.
        now: Timestamp,
        /// The keyed digests of the new codes.
        backup_codes: Vec<BackupCodeHash>,
    },
    /// The user disables their second factor. If somebody else does it, that is an update.
    DisableSecondFactor {
        /// How the user proves it.
        proof: Proof,
        /// The time.
        now: Timestamp,
    },
    /// Change the fields that are given; leave the rest.
    Update(UpdateUser),
    /// Grant a role.
    GrantRole(RoleGrant),
    /// Revoke a role.
    RevokeRole {
        /// The role to revoke.
        role_id: RoleId,
    },
    /// Give the user the role of a group of the os2iot face.
    JoinGroup {
        /// The group.
        group: GroupId,
    },
    /// Take the role of a group from the user, if they hold it.
    LeaveGroup {
        /// The group.
        group: GroupId,
    },
    /// Give the user the role of an account kind of the coiote face, and take the role of any other kind.
    ChangeAccountKind {
        /// The kind; `None` takes the account.
        kind: Option<AccountKind>,
    },
    /// Grant the user a permission of their own.
    GrantPermission(Permission),
    /// Revoke one of the user's own permissions.
    RevokePermission {
        /// The permission to revoke.
        id: PermissionId,
    },
    /// Add a certificate that the user may present.
    AddCertificate(Certificate),
    /// Add a certificate that this server issued.
    HoldCertificate {
        /// The certificate.
        certificate: Certificate,
        /// The name in the certificate.
        username: Username,
        /// The certificate that it follows, which the user must still hold.
        follows: Option<Fingerprint>,
    },
    /// Remove a certificate: the user may no longer present it.
    RemoveCertificate {
        /// The certificate to remove.
        fingerprint: Fingerprint,
    },
    /// Revoke every token issued to the user so far.
    RevokeAllTokens,
    /// Take everything by which the user proves their identity, and everything that they hold. The name stays taken.
    Revoke,
    /// Delete the user.
    Delete,
}

/// A role to grant, and what is known of the role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RoleGrant {
    /// The role.
    pub role_id: RoleId,
    /// Whether several users may hold the role. If that has changed meanwhile, the claims of the grant reject it.
    pub is_shared: bool,
}

impl RoleGrant {
    /// Whether nobody else may hold the role, since it is not shared.
    pub(crate) fn is_exclusive(self) -> bool {
        !self.is_shared
    }
}

/// The fields of a new user.
#[derive(Clone, Debug)]
pub struct CreateUser {
    /// The username, unique among users.
    pub username: Username,
    /// The identity provider that keeps the user's password.
    pub identity_provider: IdentityProvider,
    /// Whether a service made the user.
    pub auto_generated: bool,
    /// The prefix that is put before every topic to which the user publishes.
    pub mqtt_publish_prefix: Option<String>,
    /// The ways in which the user may prove their identity; each method once.
    pub grant_types: Vec<GrantType>,
    /// Whether the user must enrol a second factor.
    pub enforce_mfa_enrollment: bool,
    /// The password hash, a PHC string.
    pub password_hash: Option<PasswordHash>,
    /// Whether the user must change the password before anything else.
    pub must_change_password: bool,
    /// The roles that the user holds.
    pub roles: Vec<RoleGrant>,
    /// The user's own permissions.
    pub permissions: Vec<Permission>,
    /// The certificates that the user may present.
    pub certificates: Vec<Certificate>,
}

/// What to change; `None` leaves a field as it is.
#[derive(Clone, Debug, Default)]
pub struct UpdateUser {
    /// The new username, as somebody typed it. It is judged only if the user has another name: names of older users may break
    /// today's rules.
    pub username: Option<String>,
    /// The new publish prefix; `Some(None)` removes it.
    pub mqtt_publish_prefix: Option<Option<String>>,
    /// The new identity provider.
    pub identity_provider: Option<IdentityProvider>,
    /// All methods from now on.
    pub grant_types: Option<Vec<GrantType>>,
    /// Whether the user must enrol a second factor.
    pub enforce_mfa_enrollment: Option<bool>,
    /// Whether the user loses their second factor, and a ban with it.
    pub disable_second_factor: bool,
    /// The hash of a new password that somebody else sets, a PHC string.
    pub password_hash: Option<PasswordHash>,
    /// Whether the user must change the password before anything else. A new password ends an earlier demand.
    pub must_change_password: Option<bool>,
    /// The exact roles of the user from now on.
    pub roles: Option<Vec<RoleGrant>>,
    /// The exact own permissions of the user from now on. A right that the user has already keeps its id.
    pub permissions: Option<Vec<Permission>>,
}
