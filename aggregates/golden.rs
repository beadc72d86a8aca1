//! Events are a public format: what was written once must load for ever.
//!
//! `golden/<event type>.v<version>.json` holds the bare payload of one event of each type and version. A golden
//! file is never edited: a new version gets a new file, and an upcaster for the old one.

use std::{collections::BTreeSet, fs, path::PathBuf};

use cqrs_es::DomainEvent;
use serde_json::Value;

use crate::{
    Event,
    event::tag,
    role::RoleEvent,
    sealing::{Seal, sealed_fields},
    session::SessionEvent,
    testing::{certificate, fingerprint, hash, permission, permission_id, role_id, user_id},
    upcast,
    user::UserEvent,
    values::{
        Certificate, Face, GrantMethod, GrantType, IdentityProvider, Operation, Timestamp, TokenFingerprint,
    },
};

/// One event of each type, every optional field filled.
fn samples() -> Vec<Event> {
    let users = user_samples().into_iter().map(Event::User);
    let roles = role_samples().into_iter().map(Event::Role);
    let sessions = session_samples().into_iter().map(Event::Session);
    users.chain(roles).chain(sessions).collect()
}

fn user_samples() -> Vec<UserEvent> {
    let grant_types = vec![
        GrantType {
            method: GrantMethod::Password,
            is_required: false,
        },
        GrantType {
            method: GrantMethod::Certificate,
            is_required: true,
        },
    ];
    let expires_at = Some(Timestamp::from_micros(1_767_225_600_000_001));
    vec![
        UserEvent::Created {
            username: "iot.device.0123456".into(),
            identity_provider: IdentityProvider::Local,
            auto_generated: true,
            mqtt_publish_prefix: Some("site/7".into()),
            grant_types: grant_types.clone(),
            enforce_mfa_enrollment: true,
            password_hash: Some(hash("$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA")),
        },
        UserEvent::Renamed {
            username: "ada".into(),
        },
        UserEvent::PasswordChanged {
            password_hash: hash("$argon2id$changed"),
        },
        UserEvent::PasswordSet {
            password_hash: hash("$argon2id$set"),
        },
        UserEvent::PasswordRehashed {
            password_hash: hash("$argon2id$rehashed"),
        },
        UserEvent::PublishPrefixChanged {
            mqtt_publish_prefix: Some("site/7".into()),
        },
        UserEvent::IdentityProviderChanged {
            identity_provider: IdentityProvider::MsEntraId,
        },
        UserEvent::GrantTypesChanged { grant_types },
        UserEvent::MfaEnforcementChanged {
            enforce_mfa_enrollment: true,
        },
        UserEvent::RoleGranted {
            role_id: role_id(1),
            exclusive: true,
        },
        UserEvent::RoleRevoked { role_id: role_id(1) },
        UserEvent::PermissionGranted {
            permission: permission(1, "site/+/#"),
        },
        UserEvent::PermissionRevoked { id: permission_id(1) },
        UserEvent::CertificateAdded {
            certificate: Certificate {
                expires_at,
                ..certificate('a')
            },
        },
        UserEvent::CertificateRemoved {
            fingerprint: fingerprint('a'),
        },
        UserEvent::TokensRevoked {},
        UserEvent::Deleted {},
    ]
}

fn role_samples() -> Vec<RoleEvent> {
    vec![
        RoleEvent::Created {
            name: "connectware-admin".parse().unwrap(),
            is_shared: true,
            auto_generated: true,
            protected: true,
        },
        RoleEvent::Renamed {
            name: "operators".parse().unwrap(),
        },
        RoleEvent::SharingChanged { is_shared: true },
        RoleEvent::PermissionAdded {
            permission: permission(1, "site/+/#"),
        },
        RoleEvent::PermissionChanged {
            id: permission_id(1),
            resource: "site/#".parse().unwrap(),
            operation: Operation::ReadWrite,
        },
        RoleEvent::PermissionRemoved { id: permission_id(1) },
        RoleEvent::Deleted {},
    ]
}

fn session_samples() -> Vec<SessionEvent> {
    vec![
        SessionEvent::TokenIssued {
            user_id: user_id(1),
            face: Face::Connectware,
            fingerprint: TokenFingerprint::from_digest([7; 32]),
            label: "laptop".into(),
            methods: vec![GrantMethod::Password, GrantMethod::Token],
            issued_at: Timestamp::from_micros(1_767_225_600_000_000),
            expires_at: Timestamp::from_micros(1_767_229_200_000_000),
        },
        SessionEvent::TokenRevoked {},
    ]
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

/// The stored names that a type of events reads, told by serde itself when it is given another one.
fn stored_names<E: DomainEvent>() -> BTreeSet<String> {
    let error = serde_json::from_value::<E>(tag("?", Value::Null))
        .unwrap_err()
        .to_string();
    let (_, names) = error.split_once("expected").unwrap();
    names.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

fn all_stored_names() -> BTreeSet<String> {
    let mut names = stored_names::<UserEvent>();
    names.extend(stored_names::<RoleEvent>());
    names.extend(stored_names::<SessionEvent>());
    names
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
fn every_event_is_written_as_its_golden_file_says() {
    for event in samples() {
        let name = format!("{}.v{}.json", event.event_type(), event.event_version());
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
        for (field, _) in sealed_fields(&event_type) {
            assert!(
                payload[field].is_string(),
                "{event_type} has no text {field} to seal"
            );
        }
    }
}

/// How a field has to be sealed, by its name alone.
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
                let sealed = sealed_fields(&event_type).contains(&(field.as_str(), seal));
                assert!(sealed, "{field} of {event_type} is not declared {seal:?}");
            }
        }
    }
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
