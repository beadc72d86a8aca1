//! What is appended whole or not at all.

use std::collections::BTreeSet;

use aggregates::{Claim, Event};
use cqrs_es::DomainEvent;
use serde_json::Value;

use super::{LedgerError, Metadata};

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
    /// Recorded with each event.
    pub metadata: Metadata,
}

/// The stored type of an event's aggregate.
pub(super) fn aggregate_type(event: &Event) -> &'static str {
    match event {
        Event::User(_) => aggregates::user::TYPE,
        Event::Role(_) => aggregates::role::TYPE,
        Event::Session(_) => aggregates::session::TYPE,
    }
}

/// The stored name, version and bare payload of an event, unsealed.
pub(super) fn stored_form(event: &Event) -> Result<(String, String, Value), LedgerError> {
    fn form<E: DomainEvent>(event: &E) -> Result<(String, String, Value), serde_json::Error> {
        let payload = aggregates::event::untag(serde_json::to_value(event)?);
        Ok((event.event_type(), event.event_version(), payload))
    }
    match event {
        Event::User(event) => form(event),
        Event::Role(event) => form(event),
        Event::Session(event) => form(event),
    }
    .map_err(|error| LedgerError::Unreadable {
        position: 0,
        reason: error.to_string(),
    })
}
