//! How events change users and their certificates.

use aggregates::{
    Recorded,
    nx_account::{NxAccount, NxAccountEvent},
    user::{User, UserEvent},
    values::{Certificate, IdentityProvider, UserId},
};

use super::record::{CertificateRecord, UserRecord};
use crate::store::{Changes, Fold, FoldOf, Needs, ReadModel, RecordType, sql::Error};

/// The read model.
#[derive(Debug)]
pub(crate) struct UserDirectory;

impl ReadModel for UserDirectory {
    const NAME: &'static str = "user_directory";
    const VERSION: i64 = 1;
    const RECORDS: &'static [RecordType] = &[
        RecordType::of::<UserRecord>(),
        RecordType::of::<CertificateRecord>(),
    ];
    const FOLDS: &'static [Fold] = &[
        Fold::of(&FoldOf::<User> { needs, reduce }),
        Fold::of(&FoldOf::<NxAccount> {
            needs: needs_of_nx_account,
            reduce: reduce_nx_account,
        }),
    ];
}

fn needs(needs: &mut Needs<'_>, id: UserId, event: &UserEvent) {
    match event {
        UserEvent::Created { .. } => needs.new_row::<UserRecord>(id),
        UserEvent::Renamed { .. }
        | UserEvent::PublishPrefixChanged { .. }
        | UserEvent::IdentityProviderChanged { .. }
        | UserEvent::GrantTypesChanged { .. }
        | UserEvent::MfaEnforcementChanged { .. }
        | UserEvent::PasswordChangeDemanded { .. }
        | UserEvent::TotpEnrolled { .. }
        | UserEvent::SecondFactorDisabled { .. }
        | UserEvent::Revoked {}
        | UserEvent::PasswordChanged { .. }
        | UserEvent::PasswordSet { .. }
        | UserEvent::Deleted {} => needs.row::<UserRecord>(id),
        UserEvent::PasswordRehashed { .. }
        | UserEvent::RoleGranted { .. }
        | UserEvent::RoleRevoked { .. }
        | UserEvent::PermissionGranted { .. }
        | UserEvent::PermissionRevoked { .. }
        | UserEvent::CertificateAdded { .. }
        | UserEvent::CertificateRemoved { .. }
        | UserEvent::TokensRevoked {}
        | UserEvent::SessionsEnded { .. }
        | UserEvent::SessionsByMethodEnded { .. }
        | UserEvent::TotpOffered { .. }
        | UserEvent::SecondFactorUsed { .. }
        | UserEvent::SecondFactorRefused { .. }
        | UserEvent::BackupCodesReplaced { .. } => {}
    }
}

/// Folds an event of the user `id`. An event about an unknown user changes nothing.
fn reduce(changes: &mut Changes, at: &Recorded, id: UserId, event: &UserEvent) -> Result<(), Error> {
    match event {
        UserEvent::Created {
            username,
            identity_provider,
            auto_generated,
            mqtt_publish_prefix,
            grant_types,
            enforce_mfa_enrollment,
            password_hash: _,
        } => changes.put(UserRecord {
            user_id: id,
            ordinal: at.position,
            username: username.clone(),
            identity_provider: *identity_provider,
            mqtt_publish_prefix: mqtt_publish_prefix.clone(),
            grant_types: grant_types.clone(),
            enforce_mfa_enrollment: *enforce_mfa_enrollment,
            has_second_factor: false,
            must_change_password: false,
            auto_generated: *auto_generated,
            created_at: at.recorded_at,
            updated_at: at.recorded_at,
            updated_position: at.position,
        }),
        UserEvent::Renamed { username } => update(changes, at, id, |user| user.username.clone_from(username)),
        UserEvent::PublishPrefixChanged { mqtt_publish_prefix } => update(changes, at, id, |user| {
            user.mqtt_publish_prefix.clone_from(mqtt_publish_prefix);
        }),
        UserEvent::IdentityProviderChanged { identity_provider } => update(changes, at, id, |user| {
            user.identity_provider = *identity_provider;
            user.must_change_password &= *identity_provider == IdentityProvider::Local;
        }),
        UserEvent::PasswordChangeDemanded { demanded } => {
            update(changes, at, id, |user| user.must_change_password = *demanded)
        }
        UserEvent::PasswordChanged { .. } | UserEvent::PasswordSet { .. } => end_demand(changes, at, id),
        UserEvent::GrantTypesChanged { grant_types } => {
            update(changes, at, id, |user| user.grant_types.clone_from(grant_types))
        }
        UserEvent::MfaEnforcementChanged {
            enforce_mfa_enrollment,
        } => update(changes, at, id, |user| {
            user.enforce_mfa_enrollment = *enforce_mfa_enrollment;
        }),
        UserEvent::TotpEnrolled { .. } => update(changes, at, id, |user| user.has_second_factor = true),
        UserEvent::SecondFactorDisabled { .. } => {
            update(changes, at, id, |user| user.has_second_factor = false)
        }
        UserEvent::Revoked {} => update(changes, at, id, |user| {
            (user.has_second_factor, user.must_change_password) = (false, false);
        }),
        UserEvent::CertificateAdded { certificate } => add_certificate(changes, at, id, certificate),
        UserEvent::CertificateRemoved { fingerprint } => {
            changes.delete::<CertificateRecord>((id, fingerprint.clone()))
        }
        UserEvent::Deleted {} => {
            if changes.remove::<UserRecord>(&id)?.is_some() {
                changes.delete_all(CertificateRecord::OF_USER, &id)?;
            }
            Ok(())
        }
        UserEvent::PasswordRehashed { .. }
        | UserEvent::RoleGranted { .. }
        | UserEvent::RoleRevoked { .. }
        | UserEvent::PermissionGranted { .. }
        | UserEvent::PermissionRevoked { .. }
        | UserEvent::TokensRevoked {}
        | UserEvent::SessionsEnded { .. }
        | UserEvent::SessionsByMethodEnded { .. }
        | UserEvent::TotpOffered { .. }
        | UserEvent::SecondFactorUsed { .. }
        | UserEvent::SecondFactorRefused { .. }
        | UserEvent::BackupCodesReplaced { .. } => Ok(()),
    }
}

/// A new password ends the demand for one. Nothing else about the user changes.
fn end_demand(changes: &mut Changes, at: &Recorded, id: UserId) -> Result<(), Error> {
    let user = changes.change::<UserRecord>(&id)?;
    match user.is_some_and(|user| user.must_change_password) {
        true => update(changes, at, id, |user| user.must_change_password = false),
        false => Ok(()),
    }
}

fn update(
    changes: &mut Changes,
    at: &Recorded,
    id: UserId,
    change: impl FnOnce(&mut UserRecord),
) -> Result<(), Error> {
    if let Some(user) = changes.change::<UserRecord>(&id)? {
        change(user);
        user.updated_at = at.recorded_at;
        user.updated_position = at.position;
    }
    Ok(())
}

fn add_certificate(
    changes: &mut Changes,
    at: &Recorded,
    id: UserId,
    certificate: &Certificate,
) -> Result<(), Error> {
    changes.put_new(CertificateRecord {
        user_id: id,
        fingerprint: certificate.fingerprint.clone(),
        ordinal: at.position,
        created_at: certificate.created_at,
        expires_at: certificate.expires_at,
    })
}

/// Nothing to load.
fn needs_of_nx_account(_: &mut Needs<'_>, _: UserId, event: &NxAccountEvent) {
    match event {
        NxAccountEvent::Opened { .. }
        | NxAccountEvent::EmailVerified {}
        | NxAccountEvent::Renamed { .. }
        | NxAccountEvent::PhoneChanged { .. }
        | NxAccountEvent::NewsletterChanged { .. }
        | NxAccountEvent::OrganisationJoined { .. }
        | NxAccountEvent::OrganisationLeft {}
        | NxAccountEvent::Closed {} => {}
    }
}

/// An account of Nx has no row: its owner reads it from its stream, and the claim of its address finds it.
fn reduce_nx_account(_: &mut Changes, _: &Recorded, _: UserId, event: &NxAccountEvent) -> Result<(), Error> {
    match event {
        NxAccountEvent::Opened { .. }
        | NxAccountEvent::EmailVerified {}
        | NxAccountEvent::Renamed { .. }
        | NxAccountEvent::PhoneChanged { .. }
        | NxAccountEvent::NewsletterChanged { .. }
        | NxAccountEvent::OrganisationJoined { .. }
        | NxAccountEvent::OrganisationLeft {}
        | NxAccountEvent::Closed {} => Ok(()),
    }
}
