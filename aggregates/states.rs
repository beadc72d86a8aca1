//! The states that snapshots store: a program must never read a state of another form, or a state that other events give.
//!
//! `states/<aggregate type>.v<version>.json` holds the state after each of the samples, for each version of the state. A state in such
//! a file is never changed: a new version gets a new file. So a change of the state is a failing test until the version is raised.

use std::{collections::BTreeSet, fs, path::PathBuf};

use serde_json::{Value, json};

use crate::{AGGREGATE_TYPES, Event, State, sealing::Seal};

const ID: &str = "00000000-0000-0000-0000-00000000000a";

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("states")
}

/// The samples of an aggregate, each with the state after it.
fn states(aggregate_type: &str) -> Vec<(Event, State)> {
    let mut state = State::first(aggregate_type).unwrap();
    let samples = Event::samples().unwrap().into_iter();
    samples
        .filter(|event| event.aggregate_type() == aggregate_type)
        .map(|event| {
            state.apply(event.clone()).unwrap();
            (event, state.clone())
        })
        .collect()
}

fn json_of(state: &State) -> Value {
    serde_json::from_slice(&state.to_json().unwrap()).unwrap()
}

/// The states, as their golden file has them: pretty JSON with sorted keys, and a newline at the end.
fn written(aggregate_type: &str) -> String {
    let states = states(aggregate_type).into_iter();
    let states =
        states.map(|(event, state)| json!({ "after": event.event_type(), "state": json_of(&state) }));
    let mut states = Value::from(states.collect::<Vec<_>>());
    states.sort_all_objects();
    serde_json::to_string_pretty(&states).unwrap() + "\n"
}

fn version(aggregate_type: &str) -> i64 {
    State::first(aggregate_type).unwrap().version()
}

#[test]
fn every_state_is_written_as_its_golden_file_says() {
    for aggregate_type in AGGREGATE_TYPES {
        let version = version(aggregate_type);
        let name = format!("{aggregate_type}.v{version}.json");
        let now = written(aggregate_type);
        let golden = fs::read_to_string(folder().join(&name)).unwrap_or_default();
        assert!(
            golden == now,
            "states/{name} is missing or differs. If a state that it has is another one now, increase STATE_VERSION to {} and make \
             a new file. If only states after new events are missing, add them. Now the states are:\n{now}",
            version + 1
        );
    }
}

#[test]
fn every_version_of_a_state_has_its_file() {
    let mut expected = BTreeSet::new();
    for aggregate_type in AGGREGATE_TYPES {
        let names = (1..=version(aggregate_type)).map(|version| format!("{aggregate_type}.v{version}.json"));
        expected.extend(names);
    }
    let files = fs::read_dir(folder()).unwrap();
    let found: BTreeSet<String> = files
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(found, expected, "a file of an earlier version is never removed");
}

#[test]
fn every_state_is_read_back_as_it_was() {
    for aggregate_type in AGGREGATE_TYPES {
        let first = State::first(aggregate_type).unwrap();
        for (event, state) in states(aggregate_type) {
            let read = first.from_json(&state.to_json().unwrap()).unwrap();
            assert_eq!(json_of(&read), json_of(&state), "after {}", event.event_type());
            assert_eq!(
                read.claimed(ID),
                state.claimed(ID),
                "after {}",
                event.event_type()
            );
            assert_eq!(read.aggregate_type(), *aggregate_type);
        }
    }
}

/// A field that no sample fills could change its form, and the golden file would not show it.
#[test]
fn the_samples_fill_every_field_of_a_state() {
    for aggregate_type in AGGREGATE_TYPES {
        let first = json_of(&State::first(aggregate_type).unwrap());
        let after: Vec<Value> = states(aggregate_type)
            .iter()
            .map(|(_, state)| json_of(state))
            .collect();
        for (field, empty) in first.as_object().unwrap() {
            let filled = after.iter().any(|state| state[field] != *empty);
            assert!(filled, "no sample of {aggregate_type} changes {field}");
        }
    }
}

/// A snapshot is sealed under one key. If the state held personal data of another person, erasing that person would not erase it.
#[test]
fn a_state_is_sealed_for_the_person_of_its_events() {
    for aggregate_type in AGGREGATE_TYPES {
        for (event, state) in states(aggregate_type) {
            if event
                .form()
                .sealed
                .iter()
                .any(|(_, seal)| *seal == Seal::Personal)
            {
                let person = Some(event.subject(ID));
                assert_eq!(state.person(ID), person, "after {}", event.event_type());
            }
        }
    }
}

#[test]
fn no_state_shows_a_password_hash_to_a_log() {
    for (_, state) in states("user") {
        assert!(!format!("{state:?}").contains("argon2"));
    }
}
