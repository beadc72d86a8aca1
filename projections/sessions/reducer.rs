//! How events change sessions.

use aggregates::{
    Recorded,
    session::{Session, SessionEvent},
    user::{User, UserEvent},
    values::{SessionId, UserId},
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
            needs: |_, _, _| {},
            reduce: reduce_user,
        }),
        Fold::of(&FoldOf::<Session> {
            needs: needs_of_session,
            reduce: reduce_session,
        }),
    ];
}

/// Folds an event of the user `id`.
fn reduce_user(changes: &mut Changes, _: &Recorded, id: UserId, event: &UserEvent) -> Result<(), Error> {
    match event {
        UserEvent::TokensRevoked {} | UserEvent::Deleted {} => {
            changes.delete_all(SessionRecord::OF_USER, &id)
        }
        UserEvent::Created { .. }
        | UserEvent::Renamed { .. }
        | UserEvent::PublishPrefixChanged { .. }
        | UserEvent::IdentityProviderChanged { .. }
        | UserEvent::GrantTypesChanged { .. }
        | UserEvent::MfaEnforcementChanged { .. }
        | UserEvent::PasswordChanged { .. }
        | UserEvent::PasswordSet { .. }
        | UserEvent::PasswordRehashed { .. }
        | UserEvent::RoleGranted { .. }
        | UserEvent::RoleRevoked { .. }
        | UserEvent::PermissionGranted { .. }
        | UserEvent::PermissionRevoked { .. }
        | UserEvent::CertificateAdded { .. }
        | UserEvent::CertificateRemoved { .. } => Ok(()),
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
