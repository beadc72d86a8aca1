//! How events change the certificates of this server.
//!
//! A certificate is revoked by an event that says why. It is also revoked if its user no longer holds it, or no longer exists,
//! whichever command did that.

use aggregates::{
    Recorded,
    authority::{Authority, AuthorityEvent},
    certified_key::{CertifiedKey, CertifiedKeyEvent},
    user::{User, UserEvent},
    values::{AuthorityId, CertifiedKeyId, RevocationReason, UserId},
};

use super::record::IssuedRecord;
use crate::store::{Changes, Fold, FoldOf, Needs, ReadModel, RecordType, sql::Error};

/// The read model.
#[derive(Debug)]
pub(crate) struct IssuedCertificates;

impl ReadModel for IssuedCertificates {
    const NAME: &'static str = "issued_certificates";
    const VERSION: i64 = 1;
    const RECORDS: &'static [RecordType] = &[RecordType::of::<IssuedRecord>()];
    const FOLDS: &'static [Fold] = &[
        Fold::of(&FoldOf::<User> {
            needs: needs_of_user,
            reduce: reduce_user,
        }),
        Fold::of(&FoldOf::<CertifiedKey> {
            needs: needs_of_key,
            reduce: reduce_key,
        }),
        Fold::of(&FoldOf::<Authority> {
            needs: needs_of_authority,
            reduce: reduce_authority,
        }),
    ];
}

fn needs_of_user(needs: &mut Needs<'_>, id: UserId, event: &UserEvent) {
    match event {
        UserEvent::CertificateRemoved { fingerprint } => needs.row::<IssuedRecord>(fingerprint.clone()),
        UserEvent::Deleted {} => needs.all(IssuedRecord::OF_USER, &id),
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
        | UserEvent::TokensRevoked {}
        | UserEvent::SessionsEnded { .. }
        | UserEvent::SessionsByMethodEnded { .. }
        | UserEvent::Revoked {} => {}
    }
}

/// Folds an event of the user `id`.
fn reduce_user(changes: &mut Changes, at: &Recorded, id: UserId, event: &UserEvent) -> Result<(), Error> {
    match event {
        UserEvent::CertificateRemoved { fingerprint } => {
            if let Some(issued) = changes.change::<IssuedRecord>(fingerprint)?
                && issued.user_id == id
            {
                issued.revoke(at.recorded_at, at.position, None);
            }
            Ok(())
        }
        UserEvent::Deleted {} => {
            let reason = Some(RevocationReason::CessationOfOperation);
            changes.change_all(IssuedRecord::OF_USER, &id, |issued| {
                issued.revoke(at.recorded_at, at.position, reason);
            })
        }
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
        | UserEvent::TokensRevoked {}
        | UserEvent::SessionsEnded { .. }
        | UserEvent::SessionsByMethodEnded { .. }
        | UserEvent::Revoked {} => Ok(()),
    }
}

fn needs_of_key(needs: &mut Needs<'_>, _: CertifiedKeyId, event: &CertifiedKeyEvent) {
    match event {
        CertifiedKeyEvent::CertificateIssued { fingerprint, .. } => {
            needs.new_row::<IssuedRecord>(fingerprint.clone());
        }
        CertifiedKeyEvent::CertificateRevoked { fingerprint, .. } => {
            needs.row::<IssuedRecord>(fingerprint.clone());
        }
    }
}

/// Folds an event of the key `id`.
fn reduce_key(
    changes: &mut Changes,
    at: &Recorded,
    id: CertifiedKeyId,
    event: &CertifiedKeyEvent,
) -> Result<(), Error> {
    match event {
        CertifiedKeyEvent::CertificateIssued {
            user_id,
            fingerprint,
            serial,
            issuer,
            not_before,
            not_after,
            certificate,
        } => changes.put(IssuedRecord {
            fingerprint: fingerprint.clone(),
            ordinal: at.position,
            key_id: id,
            user_id: *user_id,
            serial: serial.clone(),
            issuer: issuer.clone(),
            not_before: *not_before,
            not_after: *not_after,
            certificate: certificate.clone(),
            revoked_at: None,
            reason: None,
            changed_position: at.position,
        }),
        CertifiedKeyEvent::CertificateRevoked { fingerprint, reason } => {
            if let Some(issued) = changes.change::<IssuedRecord>(fingerprint)? {
                issued.revoke(at.recorded_at, at.position, Some(*reason));
            }
            Ok(())
        }
    }
}

/// The issuers are no rows: there are few, and their keys are sealed. Who needs them loads the aggregate.
fn needs_of_authority(_: &mut Needs<'_>, _: AuthorityId, event: &AuthorityEvent) {
    match event {
        AuthorityEvent::IssuerAdded { .. }
        | AuthorityEvent::CertificateAdded { .. }
        | AuthorityEvent::CertificateRemoved { .. } => {}
    }
}

fn reduce_authority(
    _: &mut Changes,
    _: &Recorded,
    _: AuthorityId,
    event: &AuthorityEvent,
) -> Result<(), Error> {
    match event {
        AuthorityEvent::IssuerAdded { .. }
        | AuthorityEvent::CertificateAdded { .. }
        | AuthorityEvent::CertificateRemoved { .. } => Ok(()),
    }
}
