//! What becomes of the read models when something happens to a session.

use aggregates::{
    Recorded,
    session::SessionEvent,
    values::{SessionId, UserId},
};

use super::{SessionRow, record::SessionRecord};
use crate::read_models::Changes;

/// Takes an event of the session `id`.
pub(crate) fn reduce(changes: &mut Changes, at: &Recorded, id: SessionId, event: &SessionEvent) {
    match event {
        SessionEvent::TokenIssued {
            user_id,
            face,
            fingerprint,
            label,
            methods,
            issued_at,
            expires_at,
        } => {
            let session = SessionRow {
                id,
                user_id: *user_id,
                fingerprint: fingerprint.to_string(),
                label: label.clone(),
                face: *face,
                methods: methods.clone(),
                issued_at: *issued_at,
                expires_at: *expires_at,
            };
            changes.sessions.put(
                id,
                SessionRecord {
                    ordinal: at.position,
                    session,
                },
            );
        }
        SessionEvent::TokenRevoked {} => {
            changes.sessions.delete(id);
        }
    }
}

/// Takes away every session of a user.
pub(crate) fn remove_all(changes: &mut Changes, user: UserId) {
    changes.sessions.take(|_, held| held.session.user_id == user);
    changes.purges.sessions_of.insert(user);
}
