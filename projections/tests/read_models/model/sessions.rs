//! Sessions in the model.

use aggregates::{
    Event, Recorded,
    session::{Session, SessionEvent},
    values::{Audience, GrantMethod, SessionId, Timestamp, UserId},
};
use projections::sessions::{self, SessionRow};
use proptest::{prelude::*, sample::Index, test_runner::TestCaseError};
use uuid::Uuid;

use super::{Model, Part};
use crate::world::{NOW, World, session_id, token_fingerprint, token_issued_on, user_id};

pub(super) const PART: Part = Part {
    next: |model, n, index, what| Some(vec![next(model, n, index, what)?]),
    take,
    agree: |world, model| Box::pin(agree(world, model)),
};

fn next(model: &Model, n: u32, index: &Index, what: u8) -> Option<(Uuid, Event)> {
    match what % 4 {
        0 => {
            let session = model.sessions.get(index.index(model.sessions.len().max(1)))?;
            Some((session.id.0, Event::Session(SessionEvent::TokenRevoked {})))
        }
        hours => {
            let user = model.users.get(index.index(model.users.len().max(1)))?;
            let method = match what % 3 {
                0 => GrantMethod::Certificate,
                _ => GrantMethod::Password,
            };
            let faces = [Audience::Connectware, Audience::Os2iot, Audience::Coiote];
            let face = faces[n as usize % faces.len()];
            Some(token_issued_on(
                face,
                method,
                n,
                user.row.id,
                i64::from(hours) - 1,
            ))
        }
    }
}

fn take(model: &mut Model, recorded: &Recorded) {
    let Some(event) = recorded.event.of::<Session>() else {
        return;
    };
    let id = SessionId::parse(&recorded.aggregate_id).expect("an id");
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
            model.sessions.push(SessionRow {
                id,
                user_id: *user_id,
                fingerprint: fingerprint.clone(),
                label: label.clone(),
                face: *face,
                methods: methods.clone(),
                issued_at: *issued_at,
                expires_at: *expires_at,
            });
        }
        SessionEvent::TokenRevoked {} => model.sessions.retain(|session| session.id != id),
    }
}

async fn agree(world: &World, model: &Model) -> Result<(), TestCaseError> {
    let db = &world.db;
    for user in &model.users {
        let id = user.row.id;
        let tokens = sessions::of_user(db, id, NOW).await.expect("sessions");
        prop_assert_eq!(tokens, model.sessions_of(id, NOW));
    }
    for session in &model.sessions {
        let found = sessions::find(db, session.user_id, session.id)
            .await
            .expect("sessions");
        prop_assert_eq!(found.as_ref(), Some(session));
        let found = sessions::find_by_fingerprint(db, session.user_id, &session.fingerprint)
            .await
            .expect("sessions");
        prop_assert_eq!(found.as_ref(), Some(session));
    }
    let nobody = sessions::find(db, user_id(0), session_id(0)).await;
    prop_assert_eq!(nobody.expect("sessions"), None);
    let nobody = sessions::find_by_fingerprint(db, user_id(0), &token_fingerprint(0)).await;
    prop_assert_eq!(nobody.expect("sessions"), None);
    Ok(())
}

impl Model {
    /// A user's tokens that are good at `now`.
    pub(crate) fn sessions_of(&self, user: UserId, now: Timestamp) -> Vec<SessionRow> {
        let good = self
            .sessions
            .iter()
            .filter(|held| held.user_id == user && held.expires_at > now);
        good.cloned().collect()
    }
}
