//! Whether a user may do anything at all, as events change it.

use aggregates::user::UserEvent;

/// The effect of an event on whether its user may do anything at all. A user who is deleted is gone, and needs no such
/// effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// From now on the user may do nothing, whatever they hold. Tokens that were issued before the event stay void for
    /// ever.
    Suspended,
    /// From now on the user may again do everything that they hold.
    Restored,
    /// The event has no such effect.
    Kept,
}

/// The effect of each event of this server. It must agree with `aggregates::user::User::may_act`: the oracle of the
/// tests asks that method.
pub(crate) fn standing(event: &UserEvent) -> Standing {
    match event {
        UserEvent::Created { .. }
        | UserEvent::Renamed { .. }
        | UserEvent::PasswordChanged { .. }
        | UserEvent::PasswordSet { .. }
        | UserEvent::PasswordRehashed { .. }
        | UserEvent::PublishPrefixChanged { .. }
        | UserEvent::IdentityProviderChanged { .. }
        | UserEvent::GrantTypesChanged { .. }
        | UserEvent::MfaEnforcementChanged { .. }
        | UserEvent::PasswordChangeDemanded { .. }
        | UserEvent::TotpOffered { .. }
        | UserEvent::TotpEnrolled { .. }
        | UserEvent::SecondFactorUsed { .. }
        | UserEvent::SecondFactorRefused { .. }
        | UserEvent::BackupCodesReplaced { .. }
        | UserEvent::SecondFactorDisabled { .. }
        | UserEvent::RoleGranted { .. }
        | UserEvent::RoleRevoked { .. }
        | UserEvent::PermissionGranted { .. }
        | UserEvent::PermissionRevoked { .. }
        | UserEvent::CertificateAdded { .. }
        | UserEvent::CertificateRemoved { .. }
        | UserEvent::TokensRevoked {}
        | UserEvent::SessionsEnded { .. }
        | UserEvent::SessionsByMethodEnded { .. }
        | UserEvent::Revoked {}
        | UserEvent::Deleted {} => Standing::Kept,
    }
}
