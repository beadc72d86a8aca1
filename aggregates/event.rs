//! The stored form of an event, and an event as the ledger recorded it.

use serde_json::Value;

use crate::{Event, values::Timestamp};

/// Why stored data is not an event that we know.
#[derive(Debug, thiserror::Error)]
pub enum UnreadableEvent {
    /// No aggregate has this type name.
    #[error("unknown aggregate type {0:?}")]
    AggregateType(String),
    /// The payload does not fit the event type.
    #[error("event {event_type} does not fit its type: {reason}")]
    Payload {
        /// The stored event type.
        event_type: String,
        /// What serde reported, without the payload.
        reason: String,
    },
}

/// Removes from a serde message the value that serde could not read: it may be secret or personal.
pub fn without_the_value(message: &str) -> String {
    let value = message
        .find([':', '`'])
        .and_then(|at| message.split_at_checked(at));
    let expected = message
        .rfind(", expected ")
        .and_then(|at| message.split_at_checked(at));
    match (value, expected) {
        (Some((before, _)), Some((upto, expected))) if before.len() < upto.len() => {
            format!("{}{expected}", before.trim_end())
        }
        _ => message.to_owned(),
    }
}

/// The form in which serde and cqrs-es know an event: the bare data with its type name beside it.
pub fn tag(event_type: &str, payload: Value) -> Value {
    serde_json::json!({ "type": event_type, "data": payload })
}

/// Takes the bare data out of the form that [`tag`] makes.
pub fn untag(tagged: Value) -> Value {
    match tagged {
        Value::Object(mut fields) => fields.remove("data").unwrap_or(Value::Object(Default::default())),
        other => other,
    }
}

/// An event to be recorded.
#[derive(Clone, Debug)]
pub struct NewEvent {
    /// Id of its stream.
    pub aggregate_id: String,
    /// The place of the event in the stream. New events continue after the last one loaded.
    pub sequence: i64,
    /// What happened.
    pub event: Event,
}

/// An event as the ledger recorded it.
#[derive(Clone, Debug, PartialEq)]
pub struct Recorded {
    /// Place in the ledger, from 1, without gaps.
    pub position: i64,
    /// The id of the stream within its aggregate type.
    pub aggregate_id: String,
    /// Place in the stream, from 1.
    pub sequence: i64,
    /// When the ledger recorded the event; never earlier than the event before it.
    pub recorded_at: Timestamp,
    /// Who caused the event: a user id, or `system`.
    pub actor: String,
    /// What happened.
    pub event: Event,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        role::{Role, RoleEvent},
        session::{Session, SessionEvent},
        user::User,
    };

    fn unreadable(aggregate_type: &str, event_type: &str, payload: Value) -> String {
        Event::from_stored(aggregate_type, event_type, payload)
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn an_event_knows_its_stored_names() {
        let event = Event::Session(SessionEvent::TokenRevoked {});
        assert_eq!(event.aggregate_type(), "session");
        assert_eq!(event.event_type(), "session.token_revoked");
        assert_eq!(event.form().version, "1");
        assert_eq!(event.payload().unwrap(), json!({}));
    }

    #[test]
    fn a_session_is_about_its_user_and_a_user_about_itself() {
        for sample in Event::samples().unwrap() {
            let is_of_itself = sample.of::<User>().is_some() || sample.of::<Role>().is_some();
            let subject = match sample.of::<Session>() {
                Some(SessionEvent::TokenIssued { user_id, .. }) => user_id.to_string(),
                Some(SessionEvent::TokenRevoked {}) => "7".to_owned(),
                None if is_of_itself => "7".to_owned(),
                // Each aggregate tests its own `subject`.
                None => continue,
            };
            assert_eq!(sample.subject("7"), subject);
        }
    }

    #[test]
    fn a_tag_is_put_on_and_taken_off() {
        let payload = json!({ "username": "ada" });
        assert_eq!(
            tag("user.renamed", payload.clone()),
            json!({ "type": "user.renamed", "data": payload })
        );
        assert_eq!(untag(tag("user.renamed", payload.clone())), payload);
        assert_eq!(untag(json!({ "type": "user.deleted" })), json!({}));
    }

    #[test]
    fn a_role_that_is_not_protected_does_not_say_so() {
        let payload = json!({ "name": "operators", "is_shared": true, "auto_generated": false });
        let event = Event::from_stored("role", "role.created", payload.clone()).unwrap();
        assert!(matches!(
            event,
            Event::Role(RoleEvent::Created { protected: false, .. })
        ));
        assert_eq!(event.payload().unwrap(), payload);
    }

    #[test]
    fn an_unset_option_is_written_as_null_and_read_when_missing() {
        let payload = json!({ "fingerprint": "a".repeat(64), "created_at": "2026-01-01T00:00:00.000000Z" });
        let event = Event::from_stored("user", "user.certificate_added", payload).unwrap();
        assert_eq!(event.payload().unwrap()["expires_at"], Value::Null);
    }

    #[test]
    fn unknown_names_are_unreadable() {
        assert_eq!(
            unreadable("ship", "ship.sunk", json!({})),
            r#"unknown aggregate type "ship""#
        );
        assert!(unreadable("user", "user.promoted", json!({})).contains("user.promoted does not fit"));
        assert!(unreadable("user", "role.deleted", json!({})).contains("role.deleted does not fit"));
    }

    #[test]
    fn a_misfit_is_told_without_the_value() {
        for payload in [
            json!("hush"),
            json!(["hush"]),
            json!({ "identity_provider": "hush, expected hush" }),
            json!({ "username": "ada", "identity_provider": "local", "auto_generated": "hush" }),
            json!({ "username": { "hush": "hush" } }),
        ] {
            let message = unreadable("user", "user.created", payload);
            assert!(!message.contains("hush"), "{message}");
        }
        let message = unreadable("user", "user.password_set", json!({ "password_hash": 4711 }));
        assert_eq!(
            message,
            "event user.password_set does not fit its type: invalid type, expected a string"
        );
        assert!(unreadable("user", "user.renamed", json!({})).contains("missing field `username`"));
    }
}
