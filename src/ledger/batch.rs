//! Writing a batch of units in one transaction, under the head lock.

use std::{
    collections::{BTreeSet, HashMap, hash_map::Entry},
    num::NonZeroUsize,
    ops::Range,
    sync::Arc,
    time::Duration,
};

use aggregates::{Claim, Event, Recorded, claim, sealing, user::UserEvent, values::Timestamp};
use lru::LruCache;
use projections::{
    read_models, role_directory,
    sql::{MAX_ARGUMENTS, Tx, filled, placeholders, rounded, sql},
};
use serde_json::value::RawValue;

use super::{
    Head, LedgerError, Refusal, Sealer, Unit,
    chain::event_hash,
    claims::{Board, ClaimsInMemory},
    seal::{Place, SubjectKeys},
    stored::Parts,
};
use crate::clock::Clock;

/// How many streams' sequences, and how many claims, are remembered between batches.
const REMEMBERED: NonZeroUsize = NonZeroUsize::new(100_000).unwrap();
/// How many streams one statement names.
const STREAMS_PER_STATEMENT: usize = 1_024;
/// Columns of an event row.
const EVENT_COLUMNS: usize = 10;

/// Writes batches, remembering between them what it would have to read again. What is remembered is true only while
/// nobody else has moved the head, which the head row tells.
pub(super) struct Batches {
    ledger_id: Arc<str>,
    sealer: Arc<Sealer>,
    clock: Arc<dyn Clock>,
    /// Position and time of the head after the last commit; `None` when it is not known whether the last batch was
    /// committed.
    head: Option<(i64, Timestamp)>,
    sequences: LruCache<(&'static str, String), i64>,
    claims: ClaimsInMemory,
}

/// A batch as written, before its commit.
pub(super) struct Written {
    /// Where the ledger ends after it.
    pub(super) head: Head,
    /// For each unit in order: where its events are in `recorded`, or why it was refused.
    pub(super) outcomes: Vec<Result<Range<usize>, Refusal>>,
    /// All of its events.
    pub(super) recorded: Vec<Recorded>,
    /// When it was begun to wait for the head's lock: what anybody had recorded by then comes before this batch.
    pub(super) begun: Duration,
    keys: SubjectKeys,
    board: Board,
}

impl Batches {
    pub(super) fn new(ledger_id: Arc<str>, sealer: Arc<Sealer>, clock: Arc<dyn Clock>) -> Self {
        Self {
            ledger_id,
            sealer,
            clock,
            head: None,
            sequences: LruCache::new(REMEMBERED),
            claims: LruCache::new(REMEMBERED),
        }
    }

    /// The batch is committed: what it wrote need not be read again. Answers its outcomes and its events.
    pub(super) fn committed(
        &mut self,
        written: Written,
    ) -> (Vec<Result<Range<usize>, Refusal>>, Vec<Recorded>) {
        self.head = Some((written.head.position, written.head.recorded_at));
        self.sealer.remember(written.keys);
        for event in &written.recorded {
            let stream = (event.event.aggregate_type(), event.aggregate_id.clone());
            self.sequences.put(stream, event.sequence);
        }
        for (claim, holder) in written.board.into_holders() {
            self.claims.put(claim, holder);
        }
        (written.outcomes, written.recorded)
    }

    /// Whether the batch was committed is not known: nothing remembered may be trusted.
    pub(super) fn forget(&mut self) {
        self.head = None;
    }

    /// Decides the units of a batch and writes those accepted. Nothing is remembered until [`Batches::committed`].
    pub(super) async fn write(&mut self, tx: &mut Tx<'_>, units: &[Unit]) -> Result<Written, LedgerError> {
        let begun = self.clock.elapsed();
        let mut head = Head::lock(tx).await?;
        if self.head != Some((head.position, head.recorded_at)) {
            // Somebody else wrote or erased, or it is not known whether the last batch was committed.
            self.sequences.clear();
            self.claims.clear();
        }
        let mut sequences = self.read_sequences(tx, units).await?;
        let mut board = Board::read(tx, &self.sealer, &mut self.claims, units.iter()).await?;
        let mut outcomes = Vec::with_capacity(units.len());
        let mut accepted = Vec::new();
        let mut count = 0;
        for unit in units {
            // A unit that is refused its claims must not move its streams on either.
            let held = self.held_by_several(tx, unit, &accepted).await?;
            let decided = held
                .map_or(Ok(()), |role| Err(Refusal::HeldBySeveral(role)))
                .and_then(|()| next_sequences(&sequences, unit))
                .and_then(|moved| board.admit(&self.sealer, unit).map(|()| moved));
            outcomes.push(decided.map(|moved| {
                sequences.extend(moved);
                let range = count..count + unit.events.len();
                count = range.end;
                accepted.push(unit);
                range
            }));
        }
        if count == 0 {
            return Ok(Written {
                begun,
                head,
                outcomes,
                recorded: Vec::new(),
                keys: SubjectKeys::new(),
                board,
            });
        }
        let keys = self.sealer.keys_for_append(tx, subjects(&accepted)?).await?;
        let recorded = self.insert_events(tx, &mut head, &accepted, &keys).await?;
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

    /// The role that the unit stops being shared though several users hold it: as the read models tell, which are exact
    /// under the head lock, and by what was accepted before it in the batch.
    async fn held_by_several(
        &self,
        tx: &mut Tx<'_>,
        unit: &Unit,
        accepted: &[&Unit],
    ) -> Result<Option<String>, LedgerError> {
        let goes = |role: &str| unit.release.contains(&Claim::new(claim::ROLE, role));
        let unshared = unit
            .release
            .iter()
            .find(|claim| claim.scope == claim::SHARED_ROLE && !goes(&claim.value));
        let Some(role) = unshared.map(|claim| claim.value.clone()) else {
            return Ok(None);
        };
        let mut holders = role_directory::holder_ids(tx, &role, 2).await?;
        holders.extend(
            accepted
                .iter()
                .flat_map(|unit| &unit.events)
                .filter_map(|new| match &new.event {
                    Event::User(UserEvent::RoleGranted { role_id, .. }) if role_id.to_string() == role => {
                        Some(new.aggregate_id.clone())
                    }
                    _ => None,
                }),
        );
        Ok((holders.len() > 1).then_some(role))
    }

    /// The current sequence of each stream that the units append to.
    async fn read_sequences<'a>(
        &mut self,
        tx: &mut Tx<'_>,
        units: &'a [Unit],
    ) -> Result<Sequences<'a>, LedgerError> {
        let mut sequences = Sequences::new();
        let mut unknown = Vec::new();
        let appended = units.iter().flat_map(|unit| &unit.events);
        let appended = appended.map(|event| (event.event.aggregate_type(), event.aggregate_id.as_str()));
        let watched = units
            .iter()
            .flat_map(|unit| &unit.unchanged)
            .map(|(kind, id, _)| (*kind, id.as_str()));
        for stream in appended.chain(watched) {
            if let Entry::Vacant(entry) = sequences.entry(stream) {
                match self.sequences.get(&(stream.0, stream.1.to_owned())) {
                    Some(known) => drop(entry.insert(*known)),
                    None => {
                        entry.insert(0);
                        unknown.push(stream);
                    }
                }
            }
        }
        for chunk in unknown.chunks(STREAMS_PER_STATEMENT) {
            let count = rounded(chunk.len());
            let text = format!(
                "SELECT k.column3, (SELECT e.sequence FROM events e WHERE e.aggregate_type = k.column1 \
                 AND e.aggregate_id = k.column2 ORDER BY e.sequence DESC LIMIT 1) FROM (VALUES {}) AS k",
                placeholders(1, count, 3)
            );
            let select = filled(chunk, count)
                .zip(0_i64..)
                .fold(sql(text), |select, ((kind, id), index)| {
                    select.bind(*kind).bind(*id).bind(index)
                });
            for row in tx.all(select).await? {
                let stream = usize::try_from(row.int(0)?)
                    .ok()
                    .and_then(|index| chunk.get(index));
                if let (Some(stream), Some(sequence)) = (stream, row.int_or_null(1)?) {
                    sequences.insert(*stream, sequence);
                }
            }
        }
        Ok(sequences)
    }

    async fn insert_events(
        &self,
        tx: &mut Tx<'_>,
        head: &mut Head,
        units: &[&Unit],
        keys: &SubjectKeys,
    ) -> Result<Vec<Recorded>, LedgerError> {
        head.recorded_at = head.recorded_at.max(self.clock.now());
        let mut recorded = Vec::new();
        let mut rows = Vec::new();
        for unit in units {
            let mut metadata = unit.metadata.clone();
            self.sealer.seal_address(&mut metadata, keys)?;
            let metadata_json = serde_json::value::to_raw_value(&metadata).map_err(unwritable)?;
            for new in &unit.events {
                let aggregate_type = new.event.aggregate_type();
                let (event_type, event_version) = (new.event.event_type(), new.event.event_version());
                let mut payload = new.event.payload().map_err(unwritable)?;
                let place = Place {
                    aggregate_type,
                    aggregate_id: &new.aggregate_id,
                    sequence: new.sequence,
                    event_type,
                };
                let mut recorded_event = new.event.clone();
                if self.sealer.blank_payload(&place, &mut payload, keys) {
                    // The read models must not learn what the ledger does not keep.
                    recorded_event = Event::from_stored(aggregate_type, event_type, payload.clone())
                        .map_err(|error| LedgerError::Unreadable {
                            position: 0,
                            reason: error.to_string(),
                        })?;
                }
                self.sealer.seal_payload(&place, &mut payload, keys)?;
                head.position += 1;
                let parts = Parts {
                    position: head.position,
                    aggregate_type,
                    aggregate_id: &new.aggregate_id,
                    sequence: new.sequence,
                    event_type,
                    event_version: &event_version,
                    recorded_at: head.recorded_at,
                    ledger_id: &self.ledger_id,
                };
                let event = parts.cloud_event(payload, metadata.clone());
                head.hash = event_hash(&head.hash, &event.canonical().map_err(unwritable)?);
                recorded.push(Recorded {
                    position: head.position,
                    aggregate_id: new.aggregate_id.clone(),
                    sequence: new.sequence,
                    recorded_at: head.recorded_at,
                    actor: metadata.actor.clone(),
                    event: recorded_event,
                });
                rows.push(Row {
                    event_type,
                    event_version,
                    aggregate_type,
                    payload: serde_json::value::to_raw_value(&event.data).map_err(unwritable)?,
                    metadata: metadata_json.clone(),
                    hash: head.hash,
                });
            }
        }
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
                    .bind(row.event_type)
                    .bind(row.event_version.as_str())
                    .bind(event.recorded_at.micros())
                    .bind(row.payload.as_ref())
                    .bind(row.metadata.as_ref())
                    .bind(row.hash.as_slice())
            });
            tx.execute(insert).await?;
        }
        Ok(recorded)
    }
}

/// An event row besides what [`Recorded`] has.
struct Row {
    aggregate_type: &'static str,
    event_type: &'static str,
    event_version: String,
    payload: Box<RawValue>,
    metadata: Box<RawValue>,
    hash: [u8; 32],
}

/// The last sequence of each stream by its aggregate's type and id.
type Sequences<'a> = HashMap<(&'static str, &'a str), i64>;

/// The sequences after the unit, if each of its events is the next of its stream and nothing it watches has changed.
fn next_sequences<'a>(sequences: &Sequences<'a>, unit: &'a Unit) -> Result<Sequences<'a>, Refusal> {
    for (aggregate_type, aggregate_id, sequence) in &unit.unchanged {
        let now = sequences
            .get(&(*aggregate_type, aggregate_id.as_str()))
            .copied()
            .unwrap_or(0);
        if now != *sequence {
            return Err(Refusal::Conflict {
                aggregate_type,
                aggregate_id: aggregate_id.clone(),
            });
        }
    }
    let mut moved = Sequences::new();
    for event in &unit.events {
        let stream = (event.event.aggregate_type(), event.aggregate_id.as_str());
        let last = moved
            .get(&stream)
            .or_else(|| sequences.get(&stream))
            .copied()
            .unwrap_or(0);
        if event.sequence != last + 1 {
            return Err(Refusal::Conflict {
                aggregate_type: stream.0,
                aggregate_id: stream.1.to_owned(),
            });
        }
        moved.insert(stream, event.sequence);
    }
    Ok(moved)
}

/// Whose keys the units need: those their personal fields are about, and actors whose address is recorded.
fn subjects(units: &[&Unit]) -> Result<BTreeSet<String>, LedgerError> {
    let mut subjects = BTreeSet::new();
    for unit in units {
        if unit.metadata.address.is_some() {
            subjects.insert(unit.metadata.actor.clone());
        }
        for new in &unit.events {
            let mut sealed = sealing::sealed_fields(new.event.event_type()).iter();
            if sealed.any(|(_, seal)| *seal == sealing::Seal::Personal) {
                let payload = new.event.payload().map_err(unwritable)?;
                let kind = new.event.aggregate_type();
                subjects.insert(sealing::subject(kind, &new.aggregate_id, &payload).to_owned());
            }
        }
    }
    Ok(subjects)
}

/// An event that cannot be put into JSON.
fn unwritable(error: serde_json::Error) -> LedgerError {
    LedgerError::Unreadable {
        position: 0,
        reason: error.to_string(),
    }
}
