//! Old versions of events brought up to the newest.
//!
//! An event that changes its shape gets a new version and an upcaster here; what is stored stays as it is. An
//! upcaster sees the bare, unsealed payload, before [`crate::event::tag`] puts the type name beside it.

use std::sync::LazyLock;

use cqrs_es::persist::{EventUpcaster, SerializedEvent};

static UPCASTERS: LazyLock<Vec<Box<dyn EventUpcaster>>> = LazyLock::new(upcasters);

/// All upcasters, those to lower versions first. A stored version `1` counts as `1.0.0`, so cqrs-es'
/// `SemanticVersionEventUpcaster` serves: one for version `2` takes every event of its type that is older.
fn upcasters() -> Vec<Box<dyn EventUpcaster>> {
    Vec::new()
}

/// The newest form of a stored event.
pub fn upcast(event: SerializedEvent) -> SerializedEvent {
    through(&UPCASTERS, event)
}

fn through(upcasters: &[Box<dyn EventUpcaster>], event: SerializedEvent) -> SerializedEvent {
    upcasters.iter().fold(event, |event, upcaster| {
        if upcaster.can_upcast(&event.event_type, &event.event_version) {
            upcaster.upcast(event)
        } else {
            event
        }
    })
}
