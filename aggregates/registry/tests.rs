//! The registration of the aggregates, as the program uses it.

use crate::{
    AGGREGATE_TYPES, Command, DomainError, Event, Registered, State, WrongAggregate,
    role::{Role, RoleCommand, RoleEvent},
    session::{Session, SessionEvent},
    testing::{role_id, user_id},
    user::{User, UserCommand},
};

#[test]
fn every_stored_name_begins_with_the_type_of_its_aggregate() {
    for sample in Event::samples().unwrap() {
        let aggregate_type = sample.event_type().split_once('.').unwrap().0;
        assert_eq!(sample.aggregate_type(), aggregate_type);
    }
}

#[test]
fn every_type_has_a_first_state_of_its_own() {
    for aggregate_type in AGGREGATE_TYPES {
        assert_eq!(
            State::first(aggregate_type).unwrap().aggregate_type(),
            *aggregate_type
        );
    }
    assert!(State::first("ship").is_none());
}

#[test]
fn a_command_begins_with_the_state_of_its_own_type() {
    let command = Command::Role(role_id(1), RoleCommand::Delete);
    assert_eq!(command.first_state().aggregate_type(), "role");
    assert_eq!(command.stream(), ("role", role_id(1).to_string()));
}

#[test]
fn an_event_of_another_aggregate_is_refused() {
    let mut state = State::first("user").unwrap();
    let wrong = WrongAggregate {
        state: "user",
        given: "session",
    };
    let revoked = Event::Session(SessionEvent::TokenRevoked {});
    assert_eq!(state.apply(revoked), Err(wrong));
    assert_eq!(
        state.apply(Event::Role(RoleEvent::Deleted {})).unwrap_err().given,
        "role"
    );
}

#[test]
fn a_command_to_another_aggregate_is_refused_and_not_ignored() {
    let command = Command::User(user_id(1), UserCommand::Delete);
    let refused = State::first("role").unwrap().decide(&command).unwrap_err();
    let wrong = WrongAggregate {
        state: "role",
        given: "user",
    };
    assert_eq!(refused, DomainError::WrongAggregate(wrong));
}

#[test]
fn an_event_is_found_by_its_aggregate_alone() {
    for sample in Event::samples().unwrap() {
        let found = [
            sample.of::<User>().map(|_| User::TYPE),
            sample.of::<Role>().map(|_| Role::TYPE),
            sample.of::<Session>().map(|_| Session::TYPE),
        ];
        for found in found.into_iter().flatten() {
            assert_eq!(found, sample.aggregate_type());
        }
    }
    let deleted = RoleEvent::Deleted {};
    assert_eq!(Event::Role(deleted.clone()).of::<Role>(), Some(&deleted));
}

#[test]
fn the_json_of_an_event_gives_the_same_event_as_its_tree() {
    for sample in Event::samples().unwrap() {
        let (aggregate_type, event_type) = (sample.aggregate_type(), sample.event_type());
        let payload = sample.payload().unwrap();
        for json in [payload.to_string(), format!("{payload:#}")] {
            let read = Event::from_json(aggregate_type, event_type, &json);
            assert_eq!(read.as_ref(), Some(&sample), "{json}");
        }
        let of_tree = Event::from_stored(aggregate_type, event_type, payload.clone()).unwrap();
        assert_eq!(of_tree, sample);
    }
}

#[test]
fn json_that_is_no_event_is_not_read() {
    let read = |aggregate_type: &str, event_type: &str, json: &str| {
        Event::from_json(aggregate_type, event_type, json).is_some()
    };
    assert!(read("session", "session.token_revoked", "{}"));
    for (aggregate_type, event_type, json) in [
        ("ship", "session.token_revoked", "{}"),
        ("user", "session.token_revoked", "{}"),
        ("session", "session.token_sunk", "{}"),
        ("session", "session.token_revoked", ""),
        ("session", "session.token_revoked", "{} {}"),
        ("session", "session.token_revoked", "{]"),
        ("session", "session.token_revoked", "null"),
        ("user", "user.renamed", "{}"),
        ("user", "user.renamed", r#"{"username": 1}"#),
        (
            "user",
            "user.renamed",
            r#"{"username": "ada", "username": "grace"}"#,
        ),
    ] {
        assert!(!read(aggregate_type, event_type, json), "{event_type} {json}");
    }
}
