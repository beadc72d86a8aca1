//! What can happen to a user.

use super::second_factor::Used;
use crate::{
    declared::events,
    values::{
        BackupCodeHash, Certificate, Fingerprint, GrantMethod, GrantType, IdentityProvider, PasswordHash,
        Permission, PermissionId, RoleId, SessionId, Timestamp, TotpSecret,
    },
};

/// How a user ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ending {
    /// The user keeps the name, and loses all else.
    Revoked,
    /// The user is deleted.
    Deleted,
}

events! {
    /// A fact about a user. Stored names and fields never change: for a change, add a version and an upcaster.
    pub enum UserEvent {
        /// The user exists from now on. Roles, permissions and certificates follow as separate events.
        "user.created" version 1 => Created {
            /// The username. It is a plain `String`, since an erased name does not obey the rules of a username.
            username: String as personal,
            /// The identity provider that keeps the user's password.
            identity_provider: IdentityProvider as open,
            /// Whether a service made the user, not a person.
            auto_generated: bool as open,
            /// The prefix that is put before every topic to which the user publishes.
            mqtt_publish_prefix: Option<String> as open,
            /// The ways in which the user may prove their identity.
            grant_types: Vec<GrantType> as open,
            /// Whether the user must enrol a second factor.
            enforce_mfa_enrollment: bool as open,
            /// The password hash, a PHC string.
            password_hash: Option<PasswordHash> as secret,
        },
        /// The user has another username.
        "user.renamed" version 1 => Renamed {
            /// The new username.
            username: String as personal,
        },
        /// The user changed their own password.
        "user.password_changed" version 1 => PasswordChanged {
            /// The new hash, a PHC string.
            password_hash: PasswordHash as secret,
        },
        /// Somebody else set the user's password.
        "user.password_set" version 1 => PasswordSet {
            /// The new hash, a PHC string.
            password_hash: PasswordHash as secret,
        },
        /// The same password, hashed again with stronger parameters.
        "user.password_rehashed" version 1 => PasswordRehashed {
            /// The new hash, a PHC string.
            password_hash: PasswordHash as secret,
        },
        /// The publish prefix changed.
        "user.publish_prefix_changed" version 1 => PublishPrefixChanged {
            /// The new prefix, if there is one.
            mqtt_publish_prefix: Option<String> as open,
        },
        /// The user has another identity provider.
        "user.identity_provider_changed" version 1 => IdentityProviderChanged {
            /// The new identity provider.
            identity_provider: IdentityProvider as open,
        },
        /// The ways in which the user may prove their identity changed.
        "user.grant_types_changed" version 1 => GrantTypesChanged {
            /// All methods from now on.
            grant_types: Vec<GrantType> as open,
        },
        /// The user must enrol a second factor from now on, or no longer must.
        "user.mfa_enforcement_changed" version 1 => MfaEnforcementChanged {
            /// Whether the user must enrol a second factor.
            enforce_mfa_enrollment: bool as open,
        },
        /// The user must change their password before anything else, or no longer must. Every new password ends the demand.
        "user.password_change_demanded" version 1 => PasswordChangeDemanded {
            /// Whether the user must change it.
            demanded: bool as open,
        },
        /// The user was given the secret of a TOTP. It is no second factor until the user confirms it.
        "user.totp_offered" version 1 => TotpOffered {
            /// The secret.
            secret: TotpSecret as secret,
        },
        /// The user confirmed the TOTP that was offered last: it is their second factor from now on.
        "user.totp_enrolled" version 1 => TotpEnrolled {
            /// The time step of the code by which the user confirmed it.
            step: i64 as open,
            /// The keyed digests of the back-up codes.
            backup_codes: Vec<BackupCodeHash> as open,
        },
        /// The user proved their second factor.
        "user.second_factor_used" version 1 => SecondFactorUsed {
            /// What the user used up by it.
            used: Used as open,
        },
        /// Somebody who had proved to be the user otherwise entered a wrong code.
        "user.second_factor_refused" version 1 => SecondFactorRefused {
            /// Until when no code of the user is accepted, if this was one wrong code too many.
            banned_until: Option<Timestamp> as open,
        },
        /// The user has other back-up codes. The earlier ones are void.
        "user.backup_codes_replaced" version 1 => BackupCodesReplaced {
            /// The keyed digests of the codes.
            backup_codes: Vec<BackupCodeHash> as open,
        },
        /// The user has no second factor from now on.
        "user.second_factor_disabled" version 1 => SecondFactorDisabled {
            /// Whether the user did it themselves, by a code. If somebody else did it, another event of the same unit ends the sessions.
            by_owner: bool as open,
        },
        /// The user got a role.
        "user.role_granted" version 1 => RoleGranted {
            /// The role.
            role_id: RoleId as open,
            /// Whether nobody else may hold the role, since it is not shared.
            exclusive: bool as open,
        },
        /// The user lost a role.
        "user.role_revoked" version 1 => RoleRevoked {
            /// The role.
            role_id: RoleId as open,
        },
        /// The user got a permission of their own.
        "user.permission_granted" version 1 => PermissionGranted {
            /// The permission.
            #[serde(flatten)]
            permission: Permission as open,
        },
        /// The user lost a permission of their own.
        "user.permission_revoked" version 1 => PermissionRevoked {
            /// The permission.
            id: PermissionId as open,
        },
        /// The user may present a certificate.
        "user.certificate_added" version 1 => CertificateAdded {
            /// The certificate.
            #[serde(flatten)]
            certificate: Certificate as open,
        },
        /// The user may no longer present a certificate.
        "user.certificate_removed" version 1 => CertificateRemoved {
            /// The certificate.
            fingerprint: Fingerprint as open,
        },
        /// Every token issued to the user before this event is revoked.
        "user.tokens_revoked" version 1 => TokensRevoked {},
        /// A credential of the user changed. Every session that began before this event has ended, except one.
        "user.sessions_ended" version 1 => SessionsEnded {
            /// The session in which the user made the change. It goes on, if it had not ended before.
            kept: Option<SessionId> as open,
        },
        /// The user may no longer get a session by this method, or may again. Every session that was obtained by it before
        /// this event has ended.
        "user.sessions_by_method_ended" version 1 => SessionsByMethodEnded {
            /// The method.
            method: GrantMethod as open,
        },
        /// The user was revoked: the password is void, and no registration of the user counts any more. Other events of the same unit take
        /// the roles, the permissions, the certificates and the tokens. The name stays taken.
        "user.revoked" version 1 => Revoked {},
        /// The user is deleted and lost everything they held. The id is never used again.
        "user.deleted" version 1 => Deleted {},
    }
}

impl UserEvent {
    /// The new username, if the event gives the user one.
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
            | Self::PasswordChangeDemanded { .. }
            | Self::TotpOffered { .. }
            | Self::TotpEnrolled { .. }
            | Self::SecondFactorUsed { .. }
            | Self::SecondFactorRefused { .. }
            | Self::BackupCodesReplaced { .. }
            | Self::SecondFactorDisabled { .. }
            | Self::RoleGranted { .. }
            | Self::RoleRevoked { .. }
            | Self::PermissionGranted { .. }
            | Self::PermissionRevoked { .. }
            | Self::CertificateAdded { .. }
            | Self::CertificateRemoved { .. }
            | Self::TokensRevoked {}
            | Self::SessionsEnded { .. }
            | Self::SessionsByMethodEnded { .. }
            | Self::Revoked {}
            | Self::Deleted {} => None,
        }
    }

    /// The role that the event grants, if it grants one.
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
            | Self::PasswordChangeDemanded { .. }
            | Self::TotpOffered { .. }
            | Self::TotpEnrolled { .. }
            | Self::SecondFactorUsed { .. }
            | Self::SecondFactorRefused { .. }
            | Self::BackupCodesReplaced { .. }
            | Self::SecondFactorDisabled { .. }
            | Self::RoleRevoked { .. }
            | Self::PermissionGranted { .. }
            | Self::PermissionRevoked { .. }
            | Self::CertificateAdded { .. }
            | Self::CertificateRemoved { .. }
            | Self::TokensRevoked {}
            | Self::SessionsEnded { .. }
            | Self::SessionsByMethodEnded { .. }
            | Self::Revoked {}
            | Self::Deleted {} => None,
        }
    }

    /// How the event ends the user, if it does.
    pub fn ending(&self) -> Option<Ending> {
        match self {
            Self::Revoked {} => Some(Ending::Revoked),
            Self::Deleted {} => Some(Ending::Deleted),
            Self::Created { .. }
            | Self::Renamed { .. }
            | Self::PasswordChanged { .. }
            | Self::PasswordSet { .. }
            | Self::PasswordRehashed { .. }
            | Self::PublishPrefixChanged { .. }
            | Self::IdentityProviderChanged { .. }
            | Self::GrantTypesChanged { .. }
            | Self::MfaEnforcementChanged { .. }
            | Self::PasswordChangeDemanded { .. }
            | Self::TotpOffered { .. }
            | Self::TotpEnrolled { .. }
            | Self::SecondFactorUsed { .. }
            | Self::SecondFactorRefused { .. }
            | Self::BackupCodesReplaced { .. }
            | Self::SecondFactorDisabled { .. }
            | Self::RoleGranted { .. }
            | Self::RoleRevoked { .. }
            | Self::PermissionGranted { .. }
            | Self::PermissionRevoked { .. }
            | Self::CertificateAdded { .. }
            | Self::CertificateRemoved { .. }
            | Self::TokensRevoked {}
            | Self::SessionsEnded { .. }
            | Self::SessionsByMethodEnded { .. } => None,
        }
    }

    /// What the event does to a certificate that the user may present, if it does something.
    pub fn of_certificate(&self) -> Option<OfCertificate<'_>> {
        match self {
            Self::CertificateAdded { certificate } => Some(OfCertificate::Added(&certificate.fingerprint)),
            Self::CertificateRemoved { fingerprint } => Some(OfCertificate::Removed(fingerprint)),
            Self::Created { .. }
            | Self::Renamed { .. }
            | Self::PasswordChanged { .. }
            | Self::PasswordSet { .. }
            | Self::PasswordRehashed { .. }
            | Self::PublishPrefixChanged { .. }
            | Self::IdentityProviderChanged { .. }
            | Self::GrantTypesChanged { .. }
            | Self::MfaEnforcementChanged { .. }
            | Self::PasswordChangeDemanded { .. }
            | Self::TotpOffered { .. }
            | Self::TotpEnrolled { .. }
            | Self::SecondFactorUsed { .. }
            | Self::SecondFactorRefused { .. }
            | Self::BackupCodesReplaced { .. }
            | Self::SecondFactorDisabled { .. }
            | Self::RoleGranted { .. }
            | Self::RoleRevoked { .. }
            | Self::PermissionGranted { .. }
            | Self::PermissionRevoked { .. }
            | Self::TokensRevoked {}
            | Self::SessionsEnded { .. }
            | Self::SessionsByMethodEnded { .. }
            | Self::Revoked {}
            | Self::Deleted {} => None,
        }
    }
}

/// What an event does to a certificate that a user may present.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OfCertificate<'a> {
    /// The user may present it from now on.
    Added(&'a Fingerprint),
    /// The user may no longer present it.
    Removed(&'a Fingerprint),
}
