//! How events change sessions.

use aggregates::{
    Recorded,
    session::{Session, SessionEvent},
    sign_in::{SignIn, SignInEvent},
    user::{User, UserEvent},
    values::{SessionId, SignInId, UserId},
};

use super::record::SessionRecord;
use crate::store::{Changes, Fold, FoldOf, Needs, ReadModel, RecordType, sql::Error};

/// The read model.
#[derive(Debug)]
pub(crate) struct Sessions;

impl ReadModel for Sessions {
    const NAME: &'static str = "sessions";
    const VERSION: i64 = 1;
    const RECORDS: &'static [RecordType] = &[RecordType::of::<SessionRecord>()];
    const FOLDS: &'static [Fold] = &[
        Fold::of(&FoldOf::<User> {
            needs: needs_of_user,
            reduce: reduce_user,
        }),
        Fold::of(&FoldOf::<Session> {
            needs: needs_of_session,
            reduce: reduce_session,
        }),
        Fold::of(&FoldOf::<SignIn> {
            needs: needs_of_sign_in,
            reduce: reduce_sign_in,
        }),
    ];
}

/// Asks for the sessions of the user `id` if an event ends only some of them.
fn needs_of_user(needs: &mut Needs<'_>, id: UserId, event: &UserEvent) {
    match event {
        UserEvent::SessionsEnded { kept: Some(_) } | UserEvent::SessionsByMethodEnded { .. } => {
            needs.all(SessionRecord::OF_USER, &id);
        }
        UserEvent::SessionsEnded { kept: None }
        | UserEvent::TokensRevoked {}
        | UserEvent::Deleted {}
        | UserEvent::Created { .. }
        | UserEvent::Renamed { .. }
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
        | UserEvent::PasswordChanged { .. }
        | UserEvent::PasswordSet { .. }
        | UserEvent::PasswordRehashed { .. }
        | UserEvent::RoleGranted { .. }
        | UserEvent::RoleRevoked { .. }
        | UserEvent::PermissionGranted { .. }
        | UserEvent::PermissionRevoked { .. }
        | UserEvent::CertificateAdded { .. }
        | UserEvent::CertificateRemoved { .. }
        | UserEvent::Revoked {} => {}
    }
}

/// Folds an event of the user `id`. The table does not have sessions that have ended: a process that starts takes each session in
/// it as live.
fn reduce_user(changes: &mut Changes, _: &Recorded, id: UserId, event: &UserEvent) -> Result<(), Error> {
    match event {
        UserEvent::TokensRevoked {} | UserEvent::SessionsEnded { kept: None } | UserEvent::Deleted {} => {
            changes.delete_all(SessionRecord::OF_USER, &id)
        }
        UserEvent::SessionsEnded { kept: Some(kept) } => {
            changes.remove_some(SessionRecord::OF_USER, &id, |session| session.session_id != *kept)
        }
        UserEvent::SessionsByMethodEnded { method } => {
            changes.remove_some(SessionRecord::OF_USER, &id, |session| {
                session.methods.contains(method)
            })
        }
        UserEvent::Created { .. }
        | UserEvent::Renamed { .. }
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
        | UserEvent::PasswordChanged { .. }
        | UserEvent::PasswordSet { .. }
        | UserEvent::PasswordRehashed { .. }
        | UserEvent::RoleGranted { .. }
        | UserEvent::RoleRevoked { .. }
        | UserEvent::PermissionGranted { .. }
        | UserEvent::PermissionRevoked { .. }
        | UserEvent::CertificateAdded { .. }
        | UserEvent::CertificateRemoved { .. }
        | UserEvent::Revoked {} => Ok(()),
    }
}

/// Nothing to load: an event creates or deletes a session as a whole.
fn needs_of_session(_: &mut Needs<'_>, _: SessionId, event: &SessionEvent) {
    match event {
        SessionEvent::TokenIssued { .. } | SessionEvent::TokenRevoked {} => {}
    }
}

/// Folds an event of the session `id`.
fn reduce_session(
    changes: &mut Changes,
    at: &Recorded,
    id: SessionId,
    event: &SessionEvent,
) -> Result<(), Error> {
    match event {
        SessionEvent::TokenIssued {
            user_id,
            face,
            fingerprint,
            label,
            methods,
            issued_at,
            expires_at,
        } => changes.put_new(SessionRecord {
            session_id: id,
            ordinal: at.position,
            user_id: *user_id,
            fingerprint: fingerprint.clone(),
            label: label.clone(),
            face: *face,
            methods: methods.clone(),
            issued_at: *issued_at,
            expires_at: *expires_at,
        }),
        SessionEvent::TokenRevoked {} => changes.delete::<SessionRecord>(id),
    }
}

/// Nothing to load.
fn needs_of_sign_in(_: &mut Needs<'_>, _: SignInId, event: &SignInEvent) {
    match event {
        SignInEvent::Begun { .. }
        | SignInEvent::AccessIssued { .. }
        | SignInEvent::Rotated { .. }
        | SignInEvent::ProvedAgain { .. }
        | SignInEvent::Ended { .. } => {}
    }
}

/// A sign-in has no row: its access tokens are sessions, with events of their own.
fn reduce_sign_in(_: &mut Changes, _: &Recorded, _: SignInId, event: &SignInEvent) -> Result<(), Error> {
    match event {
        SignInEvent::Begun { .. }
        | SignInEvent::AccessIssued { .. }
        | SignInEvent::Rotated { .. }
        | SignInEvent::ProvedAgain { .. }
        | SignInEvent::Ended { .. } => Ok(()),
    }
}
