//! One event of each kind, with every optional field filled. The golden files are made from these events.

use super::ClientRegistryEvent;
use crate::values::Timestamp;

pub(super) fn all() -> Vec<ClientRegistryEvent> {
    vec![
        ClientRegistryEvent::Opened {
            until: Timestamp::from_micros(1_767_225_630_000_000),
            most_pending: 10_000,
        },
        ClientRegistryEvent::Closed {},
    ]
}
