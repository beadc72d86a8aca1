//! Writes a batch of units in one transaction, under the head lock.

use std::{collections::BTreeSet, num::NonZeroUsize, ops::Range, sync::Arc, time::Duration};

use aggregates::{Event, EventForm, Recorded, sealing::Seal, values::Timestamp};
use projections::{
    Guards, read_models,
    sql::{MAX_ARGUMENTS, Tx, placeholders, sql},
};
use serde_json::{Value, value::RawValue};

use super::{
    Head, LedgerError, NewEvent, Rejection, Sealer, Unit,
    chain::event_hash,
    claims::Board,
    judge::{Judged, Memory, judge},
    seal::{EventName, SubjectKeys, blank_payload},
    stored::Parts,
    versions,
};
use crate::clock::Clock;

/// How many stream sequences, and how many claims, are remembered between batches.
const REMEMBERED: NonZeroUsize = NonZeroUsize::new(100_000).unwrap();
/// How many columns an event row has.
const EVENT_COLUMNS: usize = 10;

/// Writes batches. Between batches it remembers what it would have to read again. The memory is valid only while nobody
/// else moves the head, which the head row shows.
pub(super) struct Batches {
    ledger_id: Arc<str>,
    sealer: Arc<Sealer>,
    clock: Arc<dyn Clock>,
    guards: Guards,
    /// The position and time of the head after the last commit; `None` if it is unknown whether the last batch was
    /// committed.
    head: Option<(i64, Timestamp)>,
    memory: Memory,
}

/// A batch that is written but not yet committed.
pub(super) struct Written {
    /// The head after the batch.
    pub(super) head: Head,
    /// For each unit in order: the range of its events in `recorded`, or why it was rejected.
    pub(super) outcomes: Vec<Result<Range<usize>, Rejection>>,
    /// All events of the batch.
    pub(super) recorded: Vec<Recorded>,
    /// When the transaction began to wait for the head lock: everything that any process had recorded by then comes
    /// before this batch.
    pub(super) begun: Duration,
    keys: SubjectKeys,
    board: Board,
}

impl Batches {
    pub(super) fn new(
        ledger_id: Arc<str>,
        sealer: Arc<Sealer>,
        clock: Arc<dyn Clock>,
        guards: Guards,
    ) -> Self {
        Self {
            ledger_id,
            sealer,
            clock,
            guards,
            head: None,
            memory: Memory::of(REMEMBERED),
        }
    }

    /// Notes that the batch is committed, so what it wrote need not be read again. Returns its outcomes and its events.
    pub(super) fn committed(
        &mut self,
        written: Written,
    ) -> (Vec<Result<Range<usize>, Rejection>>, Vec<Recorded>) {
        self.head = Some((written.head.position, written.head.recorded_at));
        self.sealer.remember(written.keys);
        self.memory.remember(&written.recorded, written.board);
        (written.outcomes, written.recorded)
    }

    /// Notes that it is unknown whether the batch was committed, so the memory is no longer valid.
    pub(super) fn forget(&mut self) {
        self.head = None;
    }

    /// Judges the units of a batch and writes the accepted ones. Nothing is remembered until [`Batches::committed`].
    pub(super) async fn write(&mut self, tx: &mut Tx<'_>, units: &[Unit]) -> Result<Written, LedgerError> {
        let begun = self.clock.elapsed();
        let mut head = Head::lock(tx).await?;
        if self.head != Some((head.position, head.recorded_at)) {
            // Another process wrote, erased or rebuilt something, or it is unknown whether the last batch was committed.
            self.memory.clear();
            versions::check(tx).await?;
        }
        let Judged {
            board,
            outcomes,
            accepted,
        } = judge(tx, &self.sealer, self.guards, &mut self.memory, units).await?;
        if accepted.iter().all(|unit| unit.events.is_empty()) {
            return Ok(Written {
                begun,
                head,
                outcomes,
                recorded: Vec::new(),
                keys: SubjectKeys::new(),
                board,
            });
        }
        let keys = self.sealer.keys_for_append(tx, subjects(&accepted)).await?;
        let (recorded, rows) = self.compose(&mut head, &accepted, &keys)?;
        insert(tx, &recorded, &rows).await?;
        board.store(tx).await?;
        read_models::apply(tx, &recorded).await?;
        head.store(tx).await?;
        Ok(Written {
            head,
            outcomes,
            recorded,
            begun,
            keys,
            board,
        })
    }

    /// Seals the events of the units and chains them after the head. Moves the head to the last of them.
    fn compose(
        &self,
        head: &mut Head,
        units: &[&Unit],
        keys: &SubjectKeys,
    ) -> Result<(Vec<Recorded>, Vec<Row>), LedgerError> {
        head.recorded_at = head.recorded_at.max(self.clock.now());
        let (mut recorded, mut rows) = (Vec::new(), Vec::new());
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
                    ledger_id: &self.ledger_id,
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
                rows.push(Row {
                    aggregate_type,
                    form,
                    payload: serde_json::value::to_raw_value(&cloud_event.data).map_err(unwritable)?,
                    metadata: metadata_json.clone(),
                    hash: head.hash,
                });
            }
        }
        Ok((recorded, rows))
    }

    /// The payload of an event as it is stored, and the event as the read models may see it.
    fn sealed(&self, new: &NewEvent, keys: &SubjectKeys) -> Result<(Value, Event), LedgerError> {
        let (aggregate_type, form) = (new.event.aggregate_type(), new.event.form());
        let mut payload = new.event.payload().map_err(unwritable)?;
        let mut event = new.event.clone();
        let subject = new.event.subject(&new.aggregate_id);
        if blank_payload(form, &subject, &mut payload, keys) {
            // The read models must not receive what the ledger does not keep.
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

/// The columns of an event row that [`Recorded`] does not have.
struct Row {
    aggregate_type: &'static str,
    form: &'static EventForm,
    payload: Box<RawValue>,
    metadata: Box<RawValue>,
    hash: [u8; 32],
}

/// Writes the rows of events.
async fn insert(tx: &mut Tx<'_>, recorded: &[Recorded], rows: &[Row]) -> Result<(), LedgerError> {
    for (chunk, events) in rows
        .chunks(MAX_ARGUMENTS / EVENT_COLUMNS)
        .zip(recorded.chunks(MAX_ARGUMENTS / EVENT_COLUMNS))
    {
        let text = format!(
            "INSERT INTO events (position, aggregate_type, aggregate_id, sequence, event_type, event_version, \
             recorded_at, payload, metadata, hash) VALUES {}",
            placeholders(1, chunk.len(), EVENT_COLUMNS)
        );
        let insert = chunk.iter().zip(events).fold(sql(text), |insert, (row, event)| {
            insert
                .bind(event.position)
                .bind(row.aggregate_type)
                .bind(event.aggregate_id.as_str())
                .bind(event.sequence)
                .bind(row.form.event_type)
                .bind(row.form.version)
                .bind(event.recorded_at.micros())
                .bind(row.payload.as_ref())
                .bind(row.metadata.as_ref())
                .bind(row.hash.as_slice())
        });
        tx.execute(insert).await?;
    }
    Ok(())
}

/// The people whose keys the units need: the subjects of personal fields, and actors whose address is recorded.
fn subjects(units: &[&Unit]) -> BTreeSet<String> {
    let mut subjects = BTreeSet::new();
    for unit in units {
        if unit.metadata.address.is_some() {
            subjects.insert(unit.metadata.actor.clone());
        }
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
