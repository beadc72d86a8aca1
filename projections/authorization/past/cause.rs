//! The event that gave or took something.

use aggregates::{Recorded, values::Timestamp};

/// An event of the ledger, as the reason for something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// Its place in the ledger.
    pub position: i64,
    /// When the ledger took it.
    pub time: Timestamp,
    /// Who did it: a user id, or `system`.
    pub actor: String,
    /// Its type.
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
