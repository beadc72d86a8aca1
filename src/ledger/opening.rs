//! Opens stored events: unseals their fields, and reads them as the events that projections apply.
//!
//! Nearly all events take the short way: the payload is read straight from its JSON. An event that the short way cannot read
//! takes the long way, through a tree of values. The long way gives the same events. It also gives the reason if it cannot read
//! an event.

use std::{borrow::Cow, collections::BTreeSet, fmt};

use aggregates::{Event, Recorded, sealing::ERASED, upcast::is_newest};
use cqrs_es::persist::SerializedEvent;
use projections::sql::Read;
use serde::{
    Deserialize, Deserializer,
    de::{Error, IgnoredAny, MapAccess, Visitor},
};
use serde_json::{Value, value::RawValue};

use super::{
    LedgerError, Sealer, Stored,
    seal::{EventName, NOT_JSON, SubjectKeys},
    sealed::{Parts, SEALED, subjects_of},
};

#[cfg(test)]
mod tests;

/// A payload before its fields are opened.
enum Payload<'a> {
    /// No field is sealed.
    Clear(&'a str),
    /// Some fields are sealed.
    Sealed(Vec<Field<'a>>),
    /// It takes the long way.
    Tree(Value),
}

/// A field of a payload. The name contains nothing that JSON escapes.
struct Field<'a> {
    name: &'a str,
    value: FieldValue<'a>,
}

enum FieldValue<'a> {
    Clear(&'a RawValue),
    Sealed(Parts<'a>),
}

/// Reads a JSON object as its fields, in their order.
struct Fields<'a>(Vec<Field<'a>>);

impl<'de: 'a, 'a> Deserialize<'de> for Fields<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Names;

        impl<'de> Visitor<'de> for Names {
            type Value = Fields<'de>;

            fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
                to.write_str("an object")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Fields<'de>, M::Error> {
                let mut fields = Vec::with_capacity(8);
                while let Some((name, value)) = map.next_entry::<&str, &RawValue>()? {
                    let sealed = value.get().starts_with('{') && value.get().contains(SEALED);
                    let value = if sealed {
                        FieldValue::Sealed(
                            Parts::of_json(value.get()).ok_or_else(|| Error::custom("another form"))?,
                        )
                    } else {
                        FieldValue::Clear(value)
                    };
                    let twice = fields.iter().any(|field: &Field<'_>| field.name == name);
                    if twice {
                        return Err(Error::custom("two fields have the same name"));
                    }
                    fields.push(Field { name, value });
                }
                Ok(Fields(fields))
            }
        }

        deserializer.deserialize_map(Names)
    }
}

impl<'a> Payload<'a> {
    fn of(stored: &'a Stored) -> Result<Self, LedgerError> {
        let json = stored.payload.as_str();
        // With an escape, the JSON could spell the name of a sealed field in another way.
        if is_newest(&stored.event_type, &stored.event_version) && !json.contains("\\u") {
            if !json.contains(SEALED) {
                return Ok(Self::Clear(json));
            }
            if let Ok(Fields(fields)) = serde_json::from_str(json) {
                return Ok(Self::Sealed(fields));
            }
        }
        Self::tree(stored)
    }

    fn tree(stored: &Stored) -> Result<Self, LedgerError> {
        let tree = serde_json::from_str(&stored.payload);
        tree.map(Self::Tree).map_err(|error| unreadable(stored, &error))
    }

    /// Adds the subjects whose keys open the payload.
    fn subjects(&self, subjects: &mut BTreeSet<String>) {
        match self {
            Self::Clear(_) => {}
            Self::Sealed(fields) => {
                for field in fields {
                    if let FieldValue::Sealed(parts) = field.value
                        && let Some(subject) = parts.subject()
                        && !subjects.contains(subject)
                    {
                        subjects.insert(subject.to_owned());
                    }
                }
            }
            Self::Tree(tree) => subjects.extend(subjects_of(tree)),
        }
    }
}

/// Opens the sealed fields of stored events, for projections.
pub(super) async fn open<'a>(
    db: &mut dyn Read,
    sealer: &Sealer,
    stored: impl IntoIterator<Item = &'a Stored>,
) -> Result<Vec<Recorded>, LedgerError> {
    let (payloads, keys) = prepare(db, sealer, stored).await?;
    let mut opener = Opener::new(sealer, &keys);
    let opened = payloads.into_iter();
    opened
        .map(|(stored, payload)| opener.open(stored, payload))
        .collect()
}

/// Opens the sealed fields of stored events, for aggregates. Aggregates need no metadata, so `stored` may lack it.
pub(super) async fn open_events<'a>(
    db: &mut dyn Read,
    sealer: &Sealer,
    stored: impl IntoIterator<Item = &'a Stored>,
) -> Result<Vec<Event>, LedgerError> {
    let (payloads, keys) = prepare(db, sealer, stored).await?;
    let mut opener = Opener::new(sealer, &keys);
    let opened = payloads.into_iter();
    opened
        .map(|(stored, payload)| opener.event(stored, payload))
        .collect()
}

/// Reads the payloads of stored events, and the keys that open them.
async fn prepare<'a>(
    db: &mut dyn Read,
    sealer: &Sealer,
    stored: impl IntoIterator<Item = &'a Stored>,
) -> Result<(Vec<(&'a Stored, Payload<'a>)>, SubjectKeys), LedgerError> {
    let payloads = stored
        .into_iter()
        .map(|stored| Ok((stored, Payload::of(stored)?)))
        .collect::<Result<Vec<_>, LedgerError>>()?;
    let mut subjects = BTreeSet::new();
    payloads
        .iter()
        .for_each(|(_, payload)| payload.subjects(&mut subjects));
    let keys = sealer.keys_of(db, subjects).await?;
    Ok((payloads, keys))
}

/// Opens one event after the other.
struct Opener<'a> {
    sealer: &'a Sealer,
    keys: &'a SubjectKeys,
    actor: Actor<'a>,
    /// The JSON of a payload with opened fields.
    clear: String,
}

/// The actor of the last event. The events of a unit have the same metadata.
#[derive(Default)]
struct Actor<'a> {
    metadata: &'a str,
    actor: String,
}

impl<'a> Opener<'a> {
    fn new(sealer: &'a Sealer, keys: &'a SubjectKeys) -> Self {
        Self {
            sealer,
            keys,
            actor: Actor::default(),
            clear: String::new(),
        }
    }

    fn open(&mut self, stored: &'a Stored, payload: Payload<'_>) -> Result<Recorded, LedgerError> {
        let event = self.event(stored, payload)?;
        Ok(Recorded {
            position: stored.position,
            aggregate_id: stored.aggregate_id.clone(),
            sequence: stored.sequence,
            recorded_at: stored.recorded_at,
            actor: self.actor(stored)?,
            event,
        })
    }

    fn actor(&mut self, stored: &'a Stored) -> Result<String, LedgerError> {
        #[derive(Deserialize)]
        struct Named {
            actor: String,
        }

        if self.actor.metadata != stored.metadata {
            let named: Named =
                serde_json::from_str(&stored.metadata).map_err(|error| unreadable(stored, &error))?;
            self.actor = Actor {
                metadata: &stored.metadata,
                actor: named.actor,
            };
        }
        Ok(self.actor.actor.clone())
    }

    fn event(&mut self, stored: &Stored, payload: Payload<'_>) -> Result<Event, LedgerError> {
        let read = |json: &str| Event::from_json(&stored.aggregate_type, &stored.event_type, json);
        let tree = match payload {
            Payload::Clear(json) => {
                if let Some(event) = read(json) {
                    return Ok(event);
                }
                None
            }
            Payload::Sealed(fields) => {
                self.write_clear(&name_of(stored), &fields)?;
                if let Some(event) = read(&self.clear) {
                    return Ok(event);
                }
                None
            }
            Payload::Tree(tree) => Some(tree),
        };
        let tree = match tree {
            Some(tree) => tree,
            None => serde_json::from_str(&stored.payload).map_err(|error| unreadable(stored, &error))?,
        };
        self.event_of_tree(stored, tree)
    }

    /// Writes the JSON of a payload with opened fields.
    fn write_clear(&mut self, name: &EventName<'_>, fields: &[Field<'_>]) -> Result<(), LedgerError> {
        self.clear.clear();
        for field in fields {
            self.clear.push(if self.clear.is_empty() { '{' } else { ',' });
            self.clear.push('"');
            self.clear.push_str(field.name);
            self.clear.push_str("\":");
            let value = match &field.value {
                FieldValue::Clear(json) => Cow::Borrowed(json.get()),
                FieldValue::Sealed(parts) => {
                    match self.sealer.open_field(name, field.name, *parts, self.keys)? {
                        Some(clear) => Cow::Owned(json_of(clear)?),
                        None => Cow::Owned(format!("\"{ERASED}\"")),
                    }
                }
            };
            self.clear.push_str(&value);
        }
        self.clear.push('}');
        Ok(())
    }

    /// The long way.
    fn event_of_tree(&self, stored: &Stored, mut payload: Value) -> Result<Event, LedgerError> {
        self.sealer
            .open_payload(&name_of(stored), &mut payload, self.keys)?;
        let newest = aggregates::upcast(SerializedEvent::new(
            stored.aggregate_id.clone(),
            usize::try_from(stored.sequence).unwrap_or_default(),
            stored.aggregate_type.clone(),
            stored.event_type.clone(),
            stored.event_version.clone(),
            payload,
            Value::Null,
        ));
        Event::from_stored(&newest.aggregate_type, &newest.event_type, newest.payload)
            .map_err(|error| unreadable(stored, &error))
    }
}

/// The content of a box as one JSON value.
fn json_of(clear: Vec<u8>) -> Result<String, LedgerError> {
    let json = String::from_utf8(clear).map_err(|_| NOT_JSON)?;
    serde_json::from_str::<IgnoredAny>(&json).map_err(|_| NOT_JSON)?;
    Ok(json)
}

fn name_of(stored: &Stored) -> EventName<'_> {
    EventName {
        aggregate_type: &stored.aggregate_type,
        aggregate_id: &stored.aggregate_id,
        sequence: stored.sequence,
        event_type: &stored.event_type,
    }
}

fn unreadable(stored: &Stored, reason: &dyn fmt::Display) -> LedgerError {
    LedgerError::Unreadable {
        position: stored.position,
        reason: reason.to_string(),
    }
}
