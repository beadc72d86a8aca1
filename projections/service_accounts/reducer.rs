//! How events change service accounts.

use aggregates::{
    Recorded,
    service_account::{ServiceAccount, ServiceAccountEvent, ServiceAccountId},
    user::{User, UserEvent},
    values::UserId,
};

use super::record::ServiceAccountRecord;
use crate::store::{Changes, Fold, FoldOf, Needs, ReadModel, RecordType, sql::Error};

/// The read model.
#[derive(Debug)]
pub(crate) struct ServiceAccounts;

impl ReadModel for ServiceAccounts {
    const NAME: &'static str = "service_accounts";
    const VERSION: i64 = 1;
    const RECORDS: &'static [RecordType] = &[RecordType::of::<ServiceAccountRecord>()];
    const FOLDS: &'static [Fold] = &[
        Fold::of(&FoldOf::<ServiceAccount> { needs, reduce }),
        Fold::of(&FoldOf::<User> {
            needs: needs_of_user,
            reduce: reduce_user,
        }),
    ];
}

fn needs(needs: &mut Needs<'_>, id: ServiceAccountId, event: &ServiceAccountEvent) {
    match event {
        ServiceAccountEvent::Opened { .. } => needs.new_row::<ServiceAccountRecord>(id),
        ServiceAccountEvent::Closed {} => needs.row::<ServiceAccountRecord>(id),
        ServiceAccountEvent::SecretIssued { .. } | ServiceAccountEvent::SecretWithdrawn { .. } => {}
    }
}

/// Folds an event of the account `id`.
fn reduce(
    changes: &mut Changes,
    at: &Recorded,
    id: ServiceAccountId,
    event: &ServiceAccountEvent,
) -> Result<(), Error> {
    match event {
        ServiceAccountEvent::Opened { user_id: _, realm } => changes.put(ServiceAccountRecord {
            account_id: id,
            ordinal: at.position,
            realm: realm.to_string(),
            opened_at: at.recorded_at,
        }),
        ServiceAccountEvent::Closed {} => changes.remove::<ServiceAccountRecord>(&id).map(drop),
        // People ask the account itself for its secrets.
        ServiceAccountEvent::SecretIssued { .. } | ServiceAccountEvent::SecretWithdrawn { .. } => Ok(()),
    }
}

fn needs_of_user(needs: &mut Needs<'_>, id: UserId, event: &UserEvent) {
    match event {
        UserEvent::Revoked {} | UserEvent::Deleted {} => {
            needs.row::<ServiceAccountRecord>(id.service_account())
        }
        UserEvent::Renamed { .. }
        | UserEvent::Created { .. }
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
        | UserEvent::SessionsByMethodEnded { .. } => {}
    }
}

/// Folds an event of the user `id`. A service account whose user is revoked or deleted is good for nothing.
fn reduce_user(changes: &mut Changes, _: &Recorded, id: UserId, event: &UserEvent) -> Result<(), Error> {
    match event {
        UserEvent::Revoked {} | UserEvent::Deleted {} => changes
            .remove::<ServiceAccountRecord>(&id.service_account())
            .map(drop),
        UserEvent::Renamed { .. }
        | UserEvent::Created { .. }
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
