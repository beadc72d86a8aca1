//! How events change registrations. The table has those that are pending or were confirmed.

use aggregates::{
    Recorded,
    client_registry::{ClientRegistry, ClientRegistryEvent, ClientRegistryId},
    registration::{Registration, RegistrationEvent},
    user::{User, UserEvent},
    values::{RegistrationId, UserId},
};

use super::record::RegistrationRecord;
use crate::store::{Changes, Fold, FoldOf, Needs, ReadModel, RecordType, sql::Error};

/// The read model.
#[derive(Debug)]
pub(crate) struct Registrations;

impl ReadModel for Registrations {
    const NAME: &'static str = "registrations";
    const VERSION: i64 = 1;
    const RECORDS: &'static [RecordType] = &[RecordType::of::<RegistrationRecord>()];
    const FOLDS: &'static [Fold] = &[
        Fold::of(&FoldOf::<ClientRegistry> {
            needs: needs_of_registry,
            reduce: reduce_registry,
        }),
        Fold::of(&FoldOf::<Registration> { needs, reduce }),
        Fold::of(&FoldOf::<User> {
            needs: needs_of_user,
            reduce: reduce_user,
        }),
    ];
}

/// Nothing to load: the window is not in the table. Commands read it from its stream.
fn needs_of_registry(_: &mut Needs<'_>, _: ClientRegistryId, event: &ClientRegistryEvent) {
    match event {
        ClientRegistryEvent::Opened { .. } | ClientRegistryEvent::Closed {} => {}
    }
}

fn reduce_registry(
    _: &mut Changes,
    _: &Recorded,
    _: ClientRegistryId,
    event: &ClientRegistryEvent,
) -> Result<(), Error> {
    match event {
        ClientRegistryEvent::Opened { .. } | ClientRegistryEvent::Closed {} => Ok(()),
    }
}

fn needs(needs: &mut Needs<'_>, id: RegistrationId, event: &RegistrationEvent) {
    match event {
        RegistrationEvent::Confirmed {} => needs.row::<RegistrationRecord>(id),
        RegistrationEvent::Requested { .. }
        | RegistrationEvent::Rejected {}
        | RegistrationEvent::Expired {} => {}
    }
}

/// Folds an event of the registration `id`.
fn reduce(
    changes: &mut Changes,
    at: &Recorded,
    id: RegistrationId,
    event: &RegistrationEvent,
) -> Result<(), Error> {
    match event {
        RegistrationEvent::Requested {
            username,
            credential,
            password_hash: _,
            csr: _,
            wishes,
            expires_at,
        } => changes.put_new(RegistrationRecord {
            registration_id: id,
            ordinal: at.position,
            username: username.clone(),
            credential: *credential,
            wishes: wishes.clone(),
            requested_at: at.recorded_at,
            expires_at: *expires_at,
            granted: false,
        }),
        RegistrationEvent::Confirmed {} => {
            if let Some(registration) = changes.change::<RegistrationRecord>(&id)? {
                registration.granted = true;
            }
            Ok(())
        }
        RegistrationEvent::Rejected {} | RegistrationEvent::Expired {} => {
            changes.delete::<RegistrationRecord>(id)
        }
    }
}

/// A new name of the user is a new name of the registration.
fn needs_of_user(needs: &mut Needs<'_>, id: UserId, event: &UserEvent) {
    match event {
        UserEvent::Renamed { .. } => needs.row::<RegistrationRecord>(id.registration()),
        UserEvent::Created { .. }
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
        | UserEvent::Deleted {} => {}
    }
}

/// Folds an event of the user `id`. The user's registration has the name of the user, and ends when the user is revoked or deleted. Until
/// then its device may ask again whether it was let in.
fn reduce_user(changes: &mut Changes, _: &Recorded, id: UserId, event: &UserEvent) -> Result<(), Error> {
    match event {
        UserEvent::Renamed { username } => {
            if let Some(registration) = changes.change::<RegistrationRecord>(&id.registration())? {
                registration.username.clone_from(username);
            }
            Ok(())
        }
        UserEvent::Revoked {} | UserEvent::Deleted {} => {
            changes.delete::<RegistrationRecord>(id.registration())
        }
        UserEvent::Created { .. }
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
        | UserEvent::SessionsByMethodEnded { .. } => Ok(()),
    }
}
