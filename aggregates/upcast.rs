//! Upcasters bring old versions of events up to the newest version.
//!
//! An event that changes its shape gets a new version and an upcaster here. Stored events stay as they are. An upcaster
//! sees the bare, unsealed payload, before [`crate::event::tag`] puts the type name beside it.

use std::sync::LazyLock;

use cqrs_es::persist::{EventUpcaster, SerializedEvent};

static UPCASTERS: LazyLock<Vec<Box<dyn EventUpcaster>>> = LazyLock::new(upcasters);

/// All upcasters; those to lower versions come first. A stored version `1` counts as `1.0.0`, so the
/// `SemanticVersionEventUpcaster` of cqrs-es works: an upcaster for version `2` takes every older event of its type.
fn upcasters() -> Vec<Box<dyn EventUpcaster>> {
    Vec::new()
}

/// The newest form of a stored event.
pub fn upcast(event: SerializedEvent) -> SerializedEvent {
    through(&UPCASTERS, event)
}

/// Whether an event of this version is in its newest form, so that [`upcast`] does not change it.
pub fn is_newest(event_type: &str, event_version: &str) -> bool {
    !UPCASTERS
        .iter()
        .any(|upcaster| upcaster.can_upcast(event_type, event_version))
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

#[cfg(test)]
mod tests {
    use cqrs_es::persist::SemanticVersionEventUpcaster;
    use serde_json::{Value, json};

    use super::*;
    use crate::{Event, user::UserEvent};

    fn renamed(version: &str, payload: Value) -> SerializedEvent {
        SerializedEvent::new(
            "7".into(),
            3,
            "user".into(),
            "user.renamed".into(),
            version.into(),
            payload,
            json!({}),
        )
    }

    /// Pretends that version 1 called the field `name`, and that version 2 stored the name in upper case.
    fn made_up() -> Vec<Box<dyn EventUpcaster>> {
        vec![
            Box::new(SemanticVersionEventUpcaster::new(
                "user.renamed",
                "2",
                Box::new(|payload| json!({ "username": payload["name"] })),
            )),
            Box::new(SemanticVersionEventUpcaster::new(
                "user.renamed",
                "3",
                Box::new(
                    |payload| json!({ "username": payload["username"].as_str().unwrap_or_default().to_lowercase() }),
                ),
            )),
        ]
    }

    #[test]
    fn an_old_event_passes_every_step_and_loads() {
        let newest = through(&made_up(), renamed("1", json!({ "name": "ADA" })));
        assert_eq!(newest, renamed("3.0.0", json!({ "username": "ada" })));
        let event = Event::from_stored(&newest.aggregate_type, &newest.event_type, newest.payload).unwrap();
        assert_eq!(
            event,
            Event::User(UserEvent::Renamed {
                username: "ada".into()
            })
        );
    }

    #[test]
    fn a_younger_event_passes_only_the_steps_after_it() {
        let newest = through(&made_up(), renamed("2", json!({ "username": "ADA" })));
        assert_eq!(newest.payload, json!({ "username": "ada" }));
    }

    #[test]
    fn the_newest_event_and_those_of_other_types_stay_as_they_are() {
        let newest = renamed("3", json!({ "username": "ADA" }));
        assert_eq!(through(&made_up(), newest.clone()), newest);
        let other = SerializedEvent {
            event_type: "role.renamed".into(),
            ..renamed("1", json!({ "name": "A" }))
        };
        assert_eq!(through(&made_up(), other.clone()), other);
    }

    #[test]
    fn nothing_has_an_old_version_yet() {
        let event = renamed("1", json!({ "username": "Ada" }));
        assert_eq!(upcast(event.clone()), event);
    }
}
