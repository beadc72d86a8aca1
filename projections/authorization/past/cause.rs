//! The cause: the event that granted or revoked something.

use aggregates::{Recorded, values::Timestamp};

/// An event of the ledger, as the cause of something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// The position of the event in the ledger.
    pub position: i64,
    /// When the ledger recorded the event.
    pub time: Timestamp,
    /// Who caused the event: a user id, or `system`.
    pub actor: String,
    /// The type of the event.
    pub event_type: &'static str,
}

impl From<&Recorded> for Cause {
    fn from(event: &Recorded) -> Self {
        Self {
            position: event.position,
            time: event.recorded_at,
            actor: event.actor.clone(),
            event_type: event.event.event_type(),
        }
    }
}
