//! The short way and the long way give the same events.

use std::sync::Arc;

use aggregates::values::Timestamp;
use chacha20poly1305::{KeyInit, XChaCha20Poly1305};
use projections::sql::{Boxed, Error, Row, Statement};

use super::*;
use crate::{MasterKey, ids::SystemEntropy};

/// A database without any keys.
struct Empty;

impl Read for Empty {
    fn all<'a>(&'a mut self, _: Statement<'a>) -> Boxed<'a, Result<Vec<Row>, Error>> {
        Box::pin(async { Ok(Vec::new()) })
    }
}

fn sealer() -> Sealer {
    Sealer::new(
        &crate::seal::Keyring::of(&MasterKey::new([7; 32])),
        Arc::new(SystemEntropy),
    )
}

/// A sealed event of each kind, with the events as they were before.
fn samples(sealer: &Sealer, keys: &mut SubjectKeys) -> Vec<(Stored, Event)> {
    let stored = |(position, event): (i64, Event)| {
        let form = event.form();
        let mut stored = Stored {
            position,
            aggregate_type: event.aggregate_type().to_owned(),
            aggregate_id: format!("id {position}"),
            sequence: 1,
            event_type: form.event_type.to_owned(),
            event_version: form.version.to_owned(),
            recorded_at: Timestamp::from_micros(position),
            payload: String::new(),
            metadata: format!(r#"{{"actor": "actor {}", "face": "cli"}}"#, position / 2),
            hash: Vec::new(),
        };
        let subject = event.subject(&stored.aggregate_id).into_owned();
        let key = XChaCha20Poly1305::new(&[1; 32].into());
        keys.insert(subject.clone(), Some(Arc::new(key)));
        let mut payload = event.payload().unwrap();
        sealer
            .seal_payload(&name_of(&stored), (form, &subject), &mut payload, keys)
            .unwrap();
        stored.payload = payload.to_string();
        (stored, event)
    };
    (1..).zip(Event::samples().unwrap()).map(stored).collect()
}

/// The event that the usual way gives (the short way, if it can read the event), and the event that the long way gives.
fn both(sealer: &Sealer, keys: &SubjectKeys, stored: &Stored) -> [Result<Event, String>; 2] {
    let mut opener = Opener {
        sealer,
        keys,
        actor: Actor::default(),
        clear: String::new(),
    };
    let short = Payload::of(stored).and_then(|payload| opener.event(stored, payload));
    let long = Payload::tree(stored).and_then(|payload| opener.event(stored, payload));
    [short, long].map(|event| event.map_err(|error| error.to_string()))
}

#[test]
fn both_ways_open_every_kind_of_event() {
    let (sealer, mut keys) = (sealer(), SubjectKeys::new());
    let samples = samples(&sealer, &mut keys);
    assert!(samples.iter().any(|(stored, _)| stored.payload.contains(SEALED)));
    for (stored, event) in &samples {
        assert!(
            !matches!(Payload::of(stored).unwrap(), Payload::Tree(_)),
            "{}",
            stored.payload
        );
        assert_eq!(
            both(&sealer, &keys, stored),
            [Ok(event.clone()), Ok(event.clone())]
        );
        let pretty: Value = serde_json::from_str(&stored.payload).unwrap();
        let pretty = Stored {
            payload: format!("{pretty:#}"),
            ..stored.clone()
        };
        assert_eq!(
            both(&sealer, &keys, &pretty),
            [Ok(event.clone()), Ok(event.clone())]
        );
    }
}

#[test]
fn both_ways_blank_what_is_erased() {
    let (sealer, mut keys) = (sealer(), SubjectKeys::new());
    let samples = samples(&sealer, &mut keys);
    keys.values_mut().for_each(|key| *key = None);
    for (stored, _) in &samples {
        let [short, long] = both(&sealer, &keys, stored);
        assert_eq!(short, long);
    }
}

#[test]
fn both_ways_refuse_the_same_with_the_same_words() {
    let (sealer, mut keys) = (sealer(), SubjectKeys::new());
    let samples = samples(&sealer, &mut keys);
    let (sealed, _) = samples
        .iter()
        .find(|(stored, _)| stored.payload.contains(SEALED))
        .unwrap();
    let changes: [fn(&mut Stored); 11] = [
        |stored| stored.payload = "{}".to_owned(),
        |stored| stored.payload = "null".to_owned(),
        |stored| stored.payload.push('x'),
        |stored| stored.payload = stored.payload.replace("$sealed", "\\u0024sealed"),
        |stored| stored.payload = stored.payload.replace("$sealed", "$sealed more"),
        |stored| stored.payload = stored.payload.replace("\"by\"", "\"of\""),
        |stored| stored.payload = stored.payload.replace("\"box\":\"", "\"box\":\"AAAA"),
        |stored| {
            let twice = stored.payload.replacen(
                '{',
                "{\"username\":{\"$sealed\":{\"by\":\"server\",\"box\":\"AA\"}},",
                1,
            );
            stored.payload = twice;
        },
        |stored| {
            let mut payload: Value = serde_json::from_str(&stored.payload).unwrap();
            for value in payload.as_object_mut().unwrap().values_mut() {
                if let Some(parts) = value.get_mut(SEALED) {
                    *parts = serde_json::json!([parts["by"], parts["box"]]);
                }
            }
            stored.payload = payload.to_string();
        },
        |stored| stored.sequence += 1,
        |stored| stored.event_type.push('x'),
    ];
    for change in changes {
        let mut stored = sealed.clone();
        change(&mut stored);
        let [short, long] = both(&sealer, &keys, &stored);
        assert_eq!(short, long, "{}", stored.payload);
    }
}

#[tokio::test]
async fn each_event_has_its_own_actor_and_unknown_keys_are_erased() {
    let (sealer, mut keys) = (sealer(), SubjectKeys::new());
    let stored: Vec<_> = samples(&sealer, &mut keys)
        .into_iter()
        .map(|(stored, _)| stored)
        .collect();
    let opened = open(&mut Empty, &sealer, &stored).await.unwrap();
    assert_eq!(opened.len(), stored.len());
    for (opened, stored) in opened.iter().zip(&stored) {
        assert_eq!(opened.actor, format!("actor {}", stored.position / 2));
        assert_eq!(opened.position, stored.position);
        let [erased, _] = both(&sealer, &SubjectKeys::new(), stored);
        assert_eq!(Ok(&opened.event), erased.as_ref());
    }
}
