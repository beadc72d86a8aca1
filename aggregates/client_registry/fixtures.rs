//! Windows for the tests of decisions about the registry.

use super::{ClientRegistryCommand, ClientRegistryEvent};
use crate::values::Timestamp;

/// A second of the tests.
pub(super) fn at(second: i64) -> Timestamp {
    Timestamp::from_micros(second * 1_000_000)
}

/// Opens the window for up to 7 pending registrations.
pub(super) fn open(now: i64, until: i64) -> ClientRegistryCommand {
    ClientRegistryCommand::Open {
        now: at(now),
        until: at(until),
        most_pending: 7,
    }
}

/// The event that [`open`] leads to.
pub(super) fn opened(until: i64) -> ClientRegistryEvent {
    ClientRegistryEvent::Opened {
        until: at(until),
        most_pending: 7,
    }
}
