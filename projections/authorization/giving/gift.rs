//! What each event gives. A new event says it here.

use aggregates::{
    Event,
    role::RoleEvent,
    service_account::{ServiceAccount, ServiceAccountEvent, ServiceAccountId},
    session::{Session, SessionEvent},
    user::UserEvent,
    values::UserId,
};

use crate::engine::{
    about::About,
    facts::{Fact, MachineStep},
};

/// What an event gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gives {
    /// Nothing.
    Nothing,
    /// A right to the user, the role or the machine that the event is about.
    Right,
    /// A way to act as the user or the machine.
    Access,
}

/// What an event may give, as far as the event alone says.
pub(super) fn of(id: &str, event: &Event) -> Gives {
    match About::of(id, event) {
        About::User(_, event) => of_user(event),
        About::Role(_, event) => of_role(event),
        About::Session(..) | About::Nobody if acts_as(id, event).is_some() => Gives::Access,
        About::Session(..) | About::Nobody => Gives::Nothing,
    }
}

/// What an event of a user gives.
pub(super) fn of_user(event: &UserEvent) -> Gives {
    match event {
        UserEvent::RoleGranted { .. } | UserEvent::PermissionGranted { .. } => Gives::Right,
        UserEvent::PasswordChanged { .. }
        | UserEvent::PasswordSet { .. }
        | UserEvent::PublishPrefixChanged { .. }
        | UserEvent::IdentityProviderChanged { .. }
        | UserEvent::GrantTypesChanged { .. }
        | UserEvent::CertificateAdded { .. }
        // The owner of a name can no longer log in by it, and another user can take it. Another provider finds the user by name.
        | UserEvent::Renamed { .. }
        // Without the second factor, less is needed to act as the user.
        | UserEvent::PasswordChangeDemanded { demanded: false }
        | UserEvent::MfaEnforcementChanged {
            enforce_mfa_enrollment: false,
        }
        | UserEvent::SecondFactorDisabled { .. }
        // Whoever has the codes has the second factor.
        | UserEvent::TotpOffered { .. }
        | UserEvent::BackupCodesReplaced { .. } => Gives::Access,
        // A new user has nothing but what the other events of the unit give.
        UserEvent::Created { .. }
        // The password stays the same.
        | UserEvent::PasswordRehashed { .. }
        | UserEvent::PasswordChangeDemanded { demanded: true }
        | UserEvent::MfaEnforcementChanged {
            enforce_mfa_enrollment: true,
        }
        // The user's own codes.
        | UserEvent::TotpEnrolled { .. }
        | UserEvent::SecondFactorUsed { .. }
        | UserEvent::SecondFactorRefused { .. }
        | UserEvent::RoleRevoked { .. }
        | UserEvent::PermissionRevoked { .. }
        | UserEvent::CertificateRemoved { .. }
        | UserEvent::TokensRevoked {}
        | UserEvent::SessionsEnded { .. }
        | UserEvent::SessionsByMethodEnded { .. }
        | UserEvent::Revoked {}
        | UserEvent::Deleted {} => Gives::Nothing,
    }
}

/// What an event of a role gives.
pub(super) fn of_role(event: &RoleEvent) -> Gives {
    match event {
        RoleEvent::PermissionAdded { .. } | RoleEvent::PermissionChanged { .. } => Gives::Right,
        RoleEvent::Created { .. }
        | RoleEvent::Renamed { .. }
        | RoleEvent::SharingChanged { .. }
        // The permissions of a group follow as separate events.
        | RoleEvent::GroupFormed { .. }
| RoleEvent::GroupAddsNewApplicationsChanged { .. }
| RoleEvent::ApplicationAttached { .. }
| RoleEvent::ApplicationDetached { .. }
        | RoleEvent::PermissionRemoved { .. }
        | RoleEvent::Deleted {} => Gives::Nothing,
    }
}

/// The user as whom a token or the secret of a service account lets somebody act, if the event issues one. `id` is that of its stream.
pub(super) fn acts_as(id: &str, event: &Event) -> Option<UserId> {
    if let Some(event) = event.of::<ServiceAccount>() {
        return match event {
            ServiceAccountEvent::SecretIssued { .. } => {
                ServiceAccountId::parse(id).ok().map(ServiceAccountId::user)
            }
            ServiceAccountEvent::Opened { .. }
            | ServiceAccountEvent::SecretWithdrawn { .. }
            | ServiceAccountEvent::Closed {} => None,
        };
    }
    match event.of::<Session>()? {
        SessionEvent::TokenIssued { user_id, .. } => Some(*user_id),
        SessionEvent::TokenRevoked {} => None,
    }
}

/// What a fact gives.
pub(super) fn of_fact(fact: &Fact) -> Gives {
    match fact {
        Fact::Machine { step, .. } => of_machine(step),
        // Rights are patterns, so a resource that moves changes no right.
        Fact::Placed { .. } | Fact::Removed { .. } => Gives::Nothing,
    }
}

/// What a step of a machine gives.
pub(super) fn of_machine(step: &MachineStep) -> Gives {
    match step {
        MachineStep::RoleGranted(_) | MachineStep::PermissionGranted(_) => Gives::Right,
        MachineStep::CredentialIssued(..) => Gives::Access,
        MachineStep::Made
        | MachineStep::RoleRevoked(_)
        | MachineStep::PermissionRevoked(_)
        | MachineStep::CredentialVoided(_)
        | MachineStep::Gone => Gives::Nothing,
    }
}
