//! Makes the rows of events: sealed, and chained after the head.

use std::collections::BTreeSet;

use aggregates::{Event, Recorded, sealing::Seal};
use projections::store::{Kind, Merge, Table, Writes};
use serde_json::Value;

use super::{
    Head, LedgerError, NewEvent, Sealer, Unit,
    chain::event_hash,
    seal::{EventName, SubjectKeys, blank_payload},
    snapshots::SnapshotRows,
    stored::Parts,
};

/// The table of events.
pub(super) const EVENTS: Table = Table {
    name: "events",
    columns: &[
        ("position", Kind::Int),
        ("aggregate_type", Kind::Text),
        ("aggregate_id", Kind::Text),
        ("sequence", Kind::Int),
        ("event_type", Kind::Text),
        ("event_version", Kind::Text),
        ("recorded_at", Kind::Int),
        ("payload", Kind::Json),
        ("metadata", Kind::Json),
        ("hash", Kind::Bytes),
    ],
    key: &["position"],
};

/// Makes the rows of one ledger.
pub(super) struct Composer<'a> {
    pub(super) ledger_id: &'a str,
    pub(super) sealer: &'a Sealer,
}

impl Composer<'_> {
    /// Seals the events of the units and chains them after `head`, with the time of `head`. Afterwards `head` is the last of
    /// these events. Adds the rows of the events, and of the snapshots that stand on them, to what the batch writes.
    pub(super) fn compose(
        &self,
        head: &mut Head,
        units: &[&Unit],
        keys: &SubjectKeys,
        writes: &mut Writes<'static>,
    ) -> Result<Vec<Recorded>, LedgerError> {
        let (mut recorded, mut rows) = (Vec::new(), Vec::new());
        let mut snapshots = SnapshotRows::default();
        for unit in units {
            let mut metadata = unit.metadata.clone();
            self.sealer.seal_address(&mut metadata, keys)?;
            let metadata_json = serde_json::value::to_raw_value(&metadata).map_err(unwritable)?;
            for new in &unit.events {
                let (payload, event) = self.sealed(new, keys)?;
                let (aggregate_type, form) = (new.event.aggregate_type(), new.event.form());
                head.position += 1;
                let parts = Parts {
                    position: head.position,
                    aggregate_type,
                    aggregate_id: &new.aggregate_id,
                    sequence: new.sequence,
                    event_type: form.event_type,
                    event_version: form.version,
                    recorded_at: head.recorded_at,
                    ledger_id: self.ledger_id,
                };
                let cloud_event = parts.cloud_event(payload, metadata.clone());
                head.hash = event_hash(&head.hash, &cloud_event.canonical().map_err(unwritable)?);
                recorded.push(Recorded {
                    position: head.position,
                    aggregate_id: new.aggregate_id.clone(),
                    sequence: new.sequence,
                    recorded_at: head.recorded_at,
                    actor: metadata.actor.clone(),
                    event,
                });
                let payload = serde_json::value::to_raw_value(&cloud_event.data).map_err(unwritable)?;
                rows.push(vec![
                    head.position.into(),
                    aggregate_type.into(),
                    new.aggregate_id.clone().into(),
                    new.sequence.into(),
                    form.event_type.into(),
                    form.version.into(),
                    head.recorded_at.micros().into(),
                    payload.into(),
                    metadata_json.clone().into(),
                    head.hash.to_vec().into(),
                ]);
                for snapshot in unit.snapshots.iter().filter(|snapshot| snapshot.stands_on(new)) {
                    snapshots.add(self.sealer, snapshot, head, keys)?;
                }
            }
        }
        writes.put(EVENTS, rows, Merge::New);
        snapshots.list(writes);
        Ok(recorded)
    }

    /// The payload of an event as it is stored, and the event as the read models may see it.
    fn sealed(&self, new: &NewEvent, keys: &SubjectKeys) -> Result<(Value, Event), LedgerError> {
        let (aggregate_type, form) = (new.event.aggregate_type(), new.event.form());
        let mut payload = new.event.payload().map_err(unwritable)?;
        let mut event = new.event.clone();
        let subject = new.event.subject(&new.aggregate_id);
        if blank_payload(form, &subject, &mut payload, keys) {
            // The read models must not receive data that the ledger does not keep.
            event =
                Event::from_stored(aggregate_type, form.event_type, payload.clone()).map_err(|error| {
                    LedgerError::Unreadable {
                        position: 0,
                        reason: error.to_string(),
                    }
                })?;
        }
        let name = EventName {
            aggregate_type,
            aggregate_id: &new.aggregate_id,
            sequence: new.sequence,
            event_type: form.event_type,
        };
        self.sealer
            .seal_payload(&name, (form, &subject), &mut payload, keys)?;
        Ok((payload, event))
    }
}

/// The people whose keys the units need: the subjects of personal fields and snapshots, and actors whose address is recorded.
pub(super) fn subjects(units: &[&Unit]) -> BTreeSet<String> {
    let mut subjects = BTreeSet::new();
    for unit in units {
        if unit.metadata.address.is_some() {
            subjects.insert(unit.metadata.actor.clone());
        }
        subjects.extend(
            unit.snapshots
                .iter()
                .filter_map(|snapshot| snapshot.person.clone()),
        );
        for new in &unit.events {
            let mut sealed = new.event.form().sealed.iter();
            if sealed.any(|(_, seal)| *seal == Seal::Personal) {
                subjects.insert(new.event.subject(&new.aggregate_id).into_owned());
            }
        }
    }
    subjects
}

/// The error for an event that cannot be written as JSON.
fn unwritable(error: serde_json::Error) -> LedgerError {
    LedgerError::Unreadable {
        position: 0,
        reason: error.to_string(),
    }
}
