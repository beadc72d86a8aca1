//! What is appended whole or not at all.

use std::collections::BTreeSet;

use aggregates::{Claim, Event};

use super::Metadata;

/// An event to be recorded.
#[derive(Clone, Debug)]
pub struct NewEvent {
    /// Id of its stream.
    pub aggregate_id: String,
    /// Its place in the stream: the last one loaded + 1, + 2, …
    pub sequence: i64,
    /// What happened.
    pub event: Event,
}

/// Events of one or several aggregates with what they claim.
#[derive(Clone, Debug)]
pub struct Unit {
    /// In order; each stream's sequences ascend by one.
    pub events: Vec<NewEvent>,
    /// Claims taken, with their owner (an aggregate id).
    pub take: Vec<(Claim, String)>,
    /// Claims given up.
    pub release: BTreeSet<Claim>,
    /// Claims that somebody must hold.
    pub require: BTreeSet<Claim>,
    /// Streams, by type and id, that must still be at this sequence though the unit may append nothing to them.
    pub unchanged: Vec<(&'static str, String, i64)>,
    /// Recorded with each event.
    pub metadata: Metadata,
}
