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

/// An aggregate at the moment when it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Its type.
    pub aggregate_type: &'static str,
    /// Its id.
    pub aggregate_id: String,
    /// The sequence of its last event; 0 before the first.
    pub sequence: i64,
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
    /// Aggregates that must not have changed, whether or not the unit appends to them.
    pub unchanged: Vec<Seen>,
    /// Recorded with each event.
    pub metadata: Metadata,
}
