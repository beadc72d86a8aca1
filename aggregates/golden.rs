//! Events are a public format: what was written once must load for ever.
//!
//! `golden/<event type>.v<version>.json` holds the bare payload of one event of each type and version. A golden
//! file is never edited: a new version gets a new file, and an upcaster for the old one.

use std::{collections::BTreeSet, fs, path::PathBuf};

use serde_json::Value;

use crate::{Event, EventForm, sealing::Seal, upcast};

fn samples() -> Vec<Event> {
    Event::samples().unwrap()
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("golden")
}

/// Every golden file: event type, version, text.
fn golden_files() -> Vec<(String, String, String)> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        let stem = path.file_stem().unwrap().to_str().unwrap();
        let (event_type, version) = stem.rsplit_once(".v").expect("<event type>.v<version>.json");
        files.push((
            event_type.to_owned(),
            version.to_owned(),
            fs::read_to_string(&path).unwrap(),
        ));
    }
    files
}

/// Pretty JSON with sorted keys, whatever features serde_json was built with, and a newline at the end.
fn written(mut payload: Value) -> String {
    payload.sort_all_objects();
    serde_json::to_string_pretty(&payload).unwrap() + "\n"
}

fn all_stored_names() -> BTreeSet<String> {
    Event::forms().map(|form| form.event_type.to_owned()).collect()
}

/// How events of this type are stored.
fn form(event_type: &str) -> &'static EventForm {
    Event::forms().find(|form| form.event_type == event_type).unwrap()
}

#[test]
fn every_event_type_has_a_sample() {
    let sampled: BTreeSet<String> = samples()
        .iter()
        .map(|event| event.event_type().to_owned())
        .collect();
    assert_eq!(sampled, all_stored_names());
}

#[test]
fn every_stored_name_is_declared_once() {
    assert_eq!(all_stored_names().len(), Event::forms().count());
}

#[test]
fn every_event_is_written_as_its_golden_file_says() {
    for event in samples() {
        let name = format!("{}.v{}.json", event.event_type(), event.form().version);
        let now = written(event.payload().unwrap());
        let golden = fs::read_to_string(folder().join(&name)).unwrap_or_default();
        assert!(
            golden == now,
            "golden/{name} is missing or differs; now it is:\n{now}"
        );
    }
}

#[test]
fn every_event_is_read_back_as_it_was() {
    for event in samples() {
        let payload = event.payload().unwrap();
        let read = Event::from_stored(event.aggregate_type(), event.event_type(), payload).unwrap();
        assert_eq!(read, event);
    }
}

#[test]
fn every_golden_file_loads() {
    let names = all_stored_names();
    for (event_type, version, text) in golden_files() {
        assert!(names.contains(&event_type), "no event has the type {event_type}");
        let (aggregate_type, _) = event_type.split_once('.').unwrap();
        let newest = upcast(cqrs_es::persist::SerializedEvent::new(
            "7".into(),
            1,
            aggregate_type.into(),
            event_type.clone(),
            version,
            serde_json::from_str(&text).unwrap(),
            Value::Null,
        ));
        let event = Event::from_stored(aggregate_type, &event_type, newest.payload).unwrap();
        assert_eq!(
            (event.aggregate_type(), event.event_type()),
            (aggregate_type, event_type.as_str())
        );
    }
}

#[test]
fn every_sealed_field_exists() {
    for (event_type, _, text) in golden_files() {
        let payload: Value = serde_json::from_str(&text).unwrap();
        for (field, _) in form(&event_type).sealed {
            assert!(
                payload[field].is_string(),
                "{event_type} has no text {field} to seal"
            );
        }
    }
}

/// How a field must be sealed, judged by its name alone.
fn seal_by_name(field: &str) -> Option<Seal> {
    match field {
        _ if field.contains("password") || field.contains("secret") => Some(Seal::Secret),
        "username" | "label" => Some(Seal::Personal),
        _ => None,
    }
}

#[test]
fn every_field_with_a_telling_name_is_sealed() {
    for (event_type, _, text) in golden_files() {
        let payload: Value = serde_json::from_str(&text).unwrap();
        for field in payload.as_object().unwrap().keys() {
            if let Some(seal) = seal_by_name(field) {
                let sealed = form(&event_type).sealed.contains(&(field.as_str(), seal));
                assert!(sealed, "{field} of {event_type} is not declared {seal:?}");
            }
        }
    }
}

/// The fields of the values that events flatten: an id, the words and the topic of a permission; the digest of a
/// certificate, and its moments. None of them may ever tell something about a person.
const FLATTENED: [&str; 7] = [
    "context",
    "created_at",
    "expires_at",
    "fingerprint",
    "id",
    "operation",
    "resource",
];

#[test]
fn every_stored_field_is_declared_sealed_or_open() {
    let mut flattened = BTreeSet::new();
    for event in samples() {
        let payload = event.payload().unwrap();
        let form = event.form();
        for field in payload.as_object().unwrap().keys() {
            let is_sealed = form.sealed.iter().any(|(sealed, _)| sealed == field);
            if !is_sealed && !form.open.contains(&field.as_str()) {
                flattened.insert(field.clone());
            }
        }
    }
    assert_eq!(
        flattened.iter().map(String::as_str).collect::<Vec<_>>(),
        FLATTENED,
        "left: what events store besides their declared fields"
    );
}

/// The person under whose key a personal field is sealed.
#[derive(Debug)]
enum KeyOf {
    /// The aggregate itself is that person.
    Itself,
    /// This field of the event has the id of that person.
    Field(&'static str),
}

/// Each personal field, and the person it is about. Erasing that person erases the field. Whoever adds a personal field
/// decides who that person is.
const PERSONAL: &[(&str, KeyOf)] = &[
    ("application.described.category", KeyOf::Itself),
    ("application.described.contact_email", KeyOf::Itself),
    ("application.described.contact_person", KeyOf::Itself),
    ("application.described.contact_phone", KeyOf::Itself),
    ("application.described.description", KeyOf::Itself),
    ("application.described.hardware", KeyOf::Itself),
    ("application.described.owner", KeyOf::Itself),
    (
        "certified_key.certificate_issued.certificate",
        KeyOf::Field("user_id"),
    ),
    ("nx_account.opened.email", KeyOf::Itself),
    ("nx_account.opened.job_title", KeyOf::Itself),
    ("nx_account.opened.name", KeyOf::Itself),
    ("nx_account.opened.phone", KeyOf::Itself),
    ("nx_account.phone_changed.phone", KeyOf::Itself),
    ("nx_account.renamed.name", KeyOf::Itself),
    ("os2iot_account.email_changed.email", KeyOf::Field("user")),
    ("os2iot_account.opened.email", KeyOf::Field("user")),
    ("os2iot_account.opened.name", KeyOf::Field("user")),
    ("os2iot_account.renamed.name", KeyOf::Field("user")),
    ("registration.requested.csr", KeyOf::Itself),
    ("registration.requested.username", KeyOf::Itself),
    ("registration.requested.wishes", KeyOf::Itself),
    ("session.token_issued.label", KeyOf::Field("user_id")),
    ("user.created.username", KeyOf::Itself),
    ("user.renamed.username", KeyOf::Itself),
];

#[test]
fn every_personal_field_is_sealed_for_the_person_it_is_about() {
    let aggregate_id = "00000000-0000-0000-0000-00000000000a";
    let mut personal = BTreeSet::new();
    for event in samples() {
        let payload = event.payload().unwrap();
        for (field, seal) in event.form().sealed {
            if *seal == Seal::Secret {
                continue;
            }
            let name = format!("{}.{field}", event.event_type());
            let declared = PERSONAL.iter().find(|(known, _)| *known == name);
            let subject = match declared {
                Some((_, KeyOf::Itself)) => Some(aggregate_id),
                Some((_, KeyOf::Field(id))) => payload[id].as_str(),
                None => None,
            };
            assert_eq!(
                Some(&*event.subject(aggregate_id)),
                subject,
                "whose is {name}? ({declared:?})"
            );
            personal.insert(name);
        }
    }
    let listed: BTreeSet<String> = PERSONAL.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(personal, listed);
}

#[test]
fn no_event_shows_a_password_hash_to_a_log() {
    for event in samples() {
        assert!(
            !format!("{event:?}").contains("argon2"),
            "{} leaks",
            event.event_type()
        );
    }
}
