//! What can have happened to a user.

use crate::{
    declared::events,
    values::{
        Certificate, Fingerprint, GrantType, IdentityProvider, PasswordHash, Permission, PermissionId, RoleId,
    },
};

events! {
    /// A fact about a user. Stored names and fields are for ever: to change one, add a version and an upcaster.
    pub enum UserEvent {
        /// The user exists from now on. Roles, permissions and certificates follow as events of their own.
        "user.created" version 1 => Created {
            /// A plain text: an erased name does not obey the rules of a username.
            username: String as personal,
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
            /// A PHC string.
            password_hash: Option<PasswordHash> as secret,
        },
        /// The user has another username.
        "user.renamed" version 1 => Renamed {
            /// The new one.
            username: String as personal,
        },
        /// The user changed their own password.
        "user.password_changed" version 1 => PasswordChanged {
            /// A PHC string.
            password_hash: PasswordHash as secret,
        },
        /// Somebody else set the user's password.
        "user.password_set" version 1 => PasswordSet {
            /// A PHC string.
            password_hash: PasswordHash as secret,
        },
        /// The same password, hashed again under stronger parameters.
        "user.password_rehashed" version 1 => PasswordRehashed {
            /// A PHC string.
            password_hash: PasswordHash as secret,
        },
        /// The publish prefix changed.
        "user.publish_prefix_changed" version 1 => PublishPrefixChanged {
            /// The new one, if any.
            mqtt_publish_prefix: Option<String>,
        },
        /// Somebody else vouches for the user.
        "user.identity_provider_changed" version 1 => IdentityProviderChanged {
            /// The new one.
            identity_provider: IdentityProvider,
        },
        /// The user proves who they are in other ways.
        "user.grant_types_changed" version 1 => GrantTypesChanged {
            /// All of them.
            grant_types: Vec<GrantType>,
        },
        /// Whether the user must enrol a second factor changed.
        "user.mfa_enforcement_changed" version 1 => MfaEnforcementChanged {
            /// Whether they must.
            enforce_mfa_enrollment: bool,
        },
        /// The user holds a role.
        "user.role_granted" version 1 => RoleGranted {
            /// Which.
            role_id: RoleId,
            /// The role is not shared: nobody else may hold it.
            exclusive: bool,
        },
        /// The user no longer holds a role.
        "user.role_revoked" version 1 => RoleRevoked {
            /// Which.
            role_id: RoleId,
        },
        /// The user has a permission of their own.
        "user.permission_granted" version 1 => PermissionGranted {
            /// The permission.
            #[serde(flatten)]
            permission: Permission,
        },
        /// The user lost a permission of their own.
        "user.permission_revoked" version 1 => PermissionRevoked {
            /// Which.
            id: PermissionId,
        },
        /// The user may present a certificate.
        "user.certificate_added" version 1 => CertificateAdded {
            /// The certificate.
            #[serde(flatten)]
            certificate: Certificate,
        },
        /// The user may no longer present a certificate.
        "user.certificate_removed" version 1 => CertificateRemoved {
            /// Which.
            fingerprint: Fingerprint,
        },
        /// Every token issued to the user before this event is void.
        "user.tokens_revoked" version 1 => TokensRevoked {},
        /// The user is gone, with all they held. The id is never used again.
        "user.deleted" version 1 => Deleted {},
    }
}

impl UserEvent {
    /// The username that the user has from this event on, if the event gives one.
    pub fn username(&self) -> Option<&str> {
        match self {
            Self::Created { username, .. } | Self::Renamed { username } => Some(username),
            Self::PasswordChanged { .. }
            | Self::PasswordSet { .. }
            | Self::PasswordRehashed { .. }
            | Self::PublishPrefixChanged { .. }
            | Self::IdentityProviderChanged { .. }
            | Self::GrantTypesChanged { .. }
            | Self::MfaEnforcementChanged { .. }
            | Self::RoleGranted { .. }
            | Self::RoleRevoked { .. }
            | Self::PermissionGranted { .. }
            | Self::PermissionRevoked { .. }
            | Self::CertificateAdded { .. }
            | Self::CertificateRemoved { .. }
            | Self::TokensRevoked {}
            | Self::Deleted {} => None,
        }
    }

    /// The role that the event gives, if it gives one.
    pub fn granted_role(&self) -> Option<RoleId> {
        match self {
            Self::RoleGranted { role_id, .. } => Some(*role_id),
            Self::Created { .. }
            | Self::Renamed { .. }
            | Self::PasswordChanged { .. }
            | Self::PasswordSet { .. }
            | Self::PasswordRehashed { .. }
            | Self::PublishPrefixChanged { .. }
            | Self::IdentityProviderChanged { .. }
            | Self::GrantTypesChanged { .. }
            | Self::MfaEnforcementChanged { .. }
            | Self::RoleRevoked { .. }
            | Self::PermissionGranted { .. }
            | Self::PermissionRevoked { .. }
            | Self::CertificateAdded { .. }
            | Self::CertificateRemoved { .. }
            | Self::TokensRevoked {}
            | Self::Deleted {} => None,
        }
    }
}
