//! What can have happened to a user.

use cqrs_es::DomainEvent;
use serde::{Deserialize, Serialize};

use crate::values::{
    Certificate, Fingerprint, GrantType, IdentityProvider, PasswordHash, Permission, PermissionId, RoleId,
};

/// A fact about a user. Stored names and fields are for ever: to change one, add a version and an upcaster.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", content = "data")]
pub enum UserEvent {
    /// The user exists from now on. Roles, permissions and certificates follow as events of their own.
    #[serde(rename = "user.created")]
    Created {
        /// Personal. A plain text, since an erased one does not fit the rules of a username.
        username: String,
        /// Who vouches for the user.
        identity_provider: IdentityProvider,
        /// Made by a service, not by a person.
        auto_generated: bool,
        /// Put before every topic the user publishes to.
        mqtt_publish_prefix: Option<String>,
        /// How the user may prove who they are.
        grant_types: Vec<GrantType>,
        /// The user must enrol a second factor.
        enforce_mfa_enrollment: bool,
        /// Secret: a PHC string.
        password_hash: Option<PasswordHash>,
    },
    /// The user has another username.
    #[serde(rename = "user.renamed")]
    Renamed {
        /// Personal.
        username: String,
    },
    /// The user changed their own password.
    #[serde(rename = "user.password_changed")]
    PasswordChanged {
        /// Secret: a PHC string.
        password_hash: PasswordHash,
    },
    /// Somebody else set the user's password.
    #[serde(rename = "user.password_set")]
    PasswordSet {
        /// Secret: a PHC string.
        password_hash: PasswordHash,
    },
    /// The same password, hashed again under stronger parameters.
    #[serde(rename = "user.password_rehashed")]
    PasswordRehashed {
        /// Secret: a PHC string.
        password_hash: PasswordHash,
    },
    /// The publish prefix changed.
    #[serde(rename = "user.publish_prefix_changed")]
    PublishPrefixChanged {
        /// The new one; none for no prefix.
        mqtt_publish_prefix: Option<String>,
    },
    /// Somebody else vouches for the user.
    #[serde(rename = "user.identity_provider_changed")]
    IdentityProviderChanged {
        /// The new one.
        identity_provider: IdentityProvider,
    },
    /// The user proves who they are in other ways.
    #[serde(rename = "user.grant_types_changed")]
    GrantTypesChanged {
        /// All of them.
        grant_types: Vec<GrantType>,
    },
    /// Whether the user must enrol a second factor changed.
    #[serde(rename = "user.mfa_enforcement_changed")]
    MfaEnforcementChanged {
        /// Whether they must.
        enforce_mfa_enrollment: bool,
    },
    /// The user holds a role.
    #[serde(rename = "user.role_granted")]
    RoleGranted {
        /// Which.
        role_id: RoleId,
        /// The role is not shared: nobody else may hold it.
        exclusive: bool,
    },
    /// The user no longer holds a role.
    #[serde(rename = "user.role_revoked")]
    RoleRevoked {
        /// Which.
        role_id: RoleId,
    },
    /// The user has a permission of their own.
    #[serde(rename = "user.permission_granted")]
    PermissionGranted {
        /// The permission.
        #[serde(flatten)]
        permission: Permission,
    },
    /// The user lost a permission of their own.
    #[serde(rename = "user.permission_revoked")]
    PermissionRevoked {
        /// Which.
        id: PermissionId,
    },
    /// The user may present a certificate.
    #[serde(rename = "user.certificate_added")]
    CertificateAdded {
        /// The certificate.
        #[serde(flatten)]
        certificate: Certificate,
    },
    /// The user may no longer present a certificate.
    #[serde(rename = "user.certificate_removed")]
    CertificateRemoved {
        /// Which.
        fingerprint: Fingerprint,
    },
    /// Every token issued to the user before this event is void.
    #[serde(rename = "user.tokens_revoked")]
    TokensRevoked {},
    /// The user is gone, with all they held. The id is never used again.
    #[serde(rename = "user.deleted")]
    Deleted {},
}

impl UserEvent {
    /// The name under which an event of this kind is stored.
    pub const fn stored_type(&self) -> &'static str {
        match self {
            Self::Created { .. } => "user.created",
            Self::Renamed { .. } => "user.renamed",
            Self::PasswordChanged { .. } => "user.password_changed",
            Self::PasswordSet { .. } => "user.password_set",
            Self::PasswordRehashed { .. } => "user.password_rehashed",
            Self::PublishPrefixChanged { .. } => "user.publish_prefix_changed",
            Self::IdentityProviderChanged { .. } => "user.identity_provider_changed",
            Self::GrantTypesChanged { .. } => "user.grant_types_changed",
            Self::MfaEnforcementChanged { .. } => "user.mfa_enforcement_changed",
            Self::RoleGranted { .. } => "user.role_granted",
            Self::RoleRevoked { .. } => "user.role_revoked",
            Self::PermissionGranted { .. } => "user.permission_granted",
            Self::PermissionRevoked { .. } => "user.permission_revoked",
            Self::CertificateAdded { .. } => "user.certificate_added",
            Self::CertificateRemoved { .. } => "user.certificate_removed",
            Self::TokensRevoked {} => "user.tokens_revoked",
            Self::Deleted {} => "user.deleted",
        }
    }
}

impl DomainEvent for UserEvent {
    fn event_type(&self) -> String {
        self.stored_type().to_owned()
    }

    fn event_version(&self) -> String {
        "1".to_owned()
    }
}
