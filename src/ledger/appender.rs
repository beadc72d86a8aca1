//! The appender: one per process, group commit.
//!
//! Units wait in a queue. The appender takes all that wait, opens one transaction, locks the head, decides each
//! unit's conflicts and claims, writes events, claims and read models, moves the head, commits, and answers.

use std::{
    collections::{BTreeSet, HashMap, hash_map::Entry},
    num::NonZeroUsize,
    sync::Arc,
    time::Duration,
};

use aggregates::{Event, Recorded, sealing};
use lru::LruCache;
use projections::{
    read_models,
    sql::{Db, MAX_ARGUMENTS, Tx, is_about_data, placeholders, sql},
};
use serde_json::value::RawValue;
use tokio::sync::{mpsc, oneshot, watch};

use super::{
    AppendError, CHANNEL, Follower, Head, LedgerError, Refusal, Sealer, Unit,
    chain::event_hash,
    claims::Board,
    seal::{Place, SubjectKeys},
    stored::Parts,
    unit::{aggregate_type, stored_form},
};
use crate::clock::Clock;

/// How many units may wait before callers wait to be let in.
const QUEUE: usize = 8_192;
/// How many units one transaction takes.
const BATCH: usize = 512;
/// How long the head's lock is held for somebody who decides under it.
const TURN: Duration = Duration::from_secs(2);
/// How many streams' sequences are remembered between batches.
const STREAMS_IN_MEMORY: NonZeroUsize = NonZeroUsize::new(100_000).unwrap();
/// Columns of an event row.
const EVENT_COLUMNS: usize = 10;

/// Where a unit's events went.
#[derive(Clone, Debug)]
pub struct Appended {
    /// Its events as recorded, in order; empty if the unit had none.
    pub events: Vec<Recorded>,
    /// The position of the last one, or of the head if there was none.
    pub position: i64,
}

type Answer = oneshot::Sender<Result<Appended, AppendError>>;
/// Takes the unit that was decided while the head's lock was held.
type Turn = oneshot::Sender<(Unit, Answer)>;

enum Waiting {
    /// A unit to append.
    Unit(Box<Unit>, Answer),
    /// Somebody who decides while nobody else can append.
    Turn(oneshot::Sender<Result<Turn, AppendError>>),
    /// Answer when all before is done; nothing comes after.
    Close(oneshot::Sender<()>),
}

/// Hands units to the appending task.
#[derive(Clone)]
pub struct Appender {
    queue: mpsc::Sender<Waiting>,
}

impl Appender {
    pub(super) fn start(
        db: Db,
        ledger_id: Arc<str>,
        sealer: Arc<Sealer>,
        clock: Arc<dyn Clock>,
        follower: Arc<Follower>,
    ) -> Self {
        let (queue, waiting) = mpsc::channel(QUEUE);
        let (told, tell) = watch::channel(0);
        tokio::spawn(notify_others(db.clone(), tell));
        let task = Task {
            db,
            ledger_id,
            sealer,
            clock,
            follower,
            told,
            known: Known {
                head: -1,
                sequences: LruCache::new(STREAMS_IN_MEMORY),
            },
        };
        tokio::spawn(task.run(waiting));
        Self { queue }
    }

    pub(super) async fn append(&self, unit: Unit) -> Result<Appended, AppendError> {
        let gone = || AppendError::Unavailable("the server is shutting down".to_owned());
        let (answer, answered) = oneshot::channel();
        self.queue
            .send(Waiting::Unit(Box::new(unit), answer))
            .await
            .map_err(|_| gone())?;
        answered.await.map_err(|_| gone())?
    }

    /// Appends what `decide` comes to while the head's lock is held, so that nobody gets before it, in any process.
    /// All others wait meanwhile: this is for who has lost too many races.
    pub(super) async fn append_in_turn<E: From<AppendError>>(
        &self,
        decide: impl AsyncFnOnce() -> Result<Unit, E>,
    ) -> Result<Appended, E> {
        let gone = || AppendError::Unavailable("the ledger did not wait for a decision".to_owned());
        let (ready, turn) = oneshot::channel();
        self.queue.send(Waiting::Turn(ready)).await.map_err(|_| gone())?;
        let turn = turn.await.map_err(|_| gone())??;
        let unit = decide().await?;
        let (answer, answered) = oneshot::channel();
        turn.send((unit, answer)).map_err(|_| gone())?;
        Ok(answered.await.map_err(|_| gone())??)
    }

    /// Takes no more units and waits until those that wait are answered.
    pub(super) async fn drain(&self) {
        let (done, all_done) = oneshot::channel();
        if self.queue.send(Waiting::Close(done)).await.is_ok() {
            let _ = all_done.await;
        }
    }
}

/// What the appender remembers between batches; true only while nobody else has moved the head.
struct Known {
    head: i64,
    sequences: LruCache<(&'static str, String), i64>,
}

struct Task {
    db: Db,
    ledger_id: Arc<str>,
    sealer: Arc<Sealer>,
    clock: Arc<dyn Clock>,
    follower: Arc<Follower>,
    told: watch::Sender<i64>,
    known: Known,
}

/// A batch as written, before its commit.
struct Written {
    head: Head,
    /// For each unit in order: where its events are in `recorded`, or why it was refused.
    outcomes: Vec<Result<std::ops::Range<usize>, Refusal>>,
    recorded: Vec<Recorded>,
    keys: SubjectKeys,
}

impl Task {
    async fn run(mut self, mut queue: mpsc::Receiver<Waiting>) {
        let mut batch = Vec::with_capacity(BATCH);
        while queue.recv_many(&mut batch, BATCH).await > 0 {
            // Callers answered by the last batch are about to ask again: let them, so that they share this one.
            let mut before = 0;
            while batch.len() < BATCH && batch.len() > before {
                before = batch.len();
                tokio::task::yield_now().await;
                while batch.len() < BATCH
                    && let Ok(next) = queue.try_recv()
                {
                    batch.push(next);
                }
            }
            let (mut units, mut answers) = (Vec::with_capacity(batch.len()), Vec::new());
            let (mut turns, mut closing) = (Vec::new(), None);
            for waiting in batch.drain(..) {
                match waiting {
                    Waiting::Unit(unit, answer) => {
                        units.push(*unit);
                        answers.push(answer);
                    }
                    Waiting::Turn(ready) => turns.push(ready),
                    Waiting::Close(done) => closing = Some(done),
                }
            }
            if !units.is_empty() {
                self.handle(units, answers).await;
            }
            for ready in turns {
                self.give_turn(ready).await;
            }
            if let Some(done) = closing {
                queue.close();
                let _ = done.send(());
                return;
            }
        }
    }

    /// Writes a batch. If the database refuses it for something in one unit, each is tried alone, so that only
    /// that one fails.
    async fn handle(&mut self, units: Vec<Unit>, answers: Vec<Answer>) {
        match self.write_and_commit(&units).await {
            Ok(outcomes) => answer_all(answers, outcomes),
            Err(error) if units.len() > 1 && refused(&error) => {
                tracing::warn!(%error, units = units.len(), "a batch was refused; trying its units one by one");
                self.handle_one_by_one(&units, answers).await;
            }
            Err(error) => {
                let failed = answers.iter().map(|_| Err(unavailable(&error))).collect();
                answer_all(answers, failed);
            }
        }
    }

    async fn handle_one_by_one(&mut self, units: &[Unit], answers: Vec<Answer>) {
        let mut gone = None;
        for (unit, answer) in units.iter().zip(answers) {
            let outcome = match &gone {
                // The others would only wait for it, one after the other.
                Some(reason) => Err(AppendError::Unavailable(String::clone(reason))),
                None => match self.write_and_commit(std::slice::from_ref(unit)).await {
                    Ok(mut outcomes) => outcomes.pop().unwrap_or_else(|| Err(nothing_written())),
                    Err(error) => {
                        gone = (!refused(&error)).then(|| error.to_string());
                        Err(unavailable(&error))
                    }
                },
            };
            let _ = answer.send(outcome);
        }
    }

    /// Lets somebody decide under the head's lock, and writes what they decided.
    async fn give_turn(&mut self, ready: oneshot::Sender<Result<Turn, AppendError>>) {
        let locked = async {
            let mut tx = self.db.begin_brief().await?;
            Head::lock(&mut tx).await?;
            Ok(tx)
        };
        let tx = match locked.await {
            Ok(tx) => tx,
            Err(error) => {
                let _ = ready.send(Err(unavailable(&error)));
                return;
            }
        };
        let (turn, decided) = oneshot::channel();
        // Who has gone, decided for nothing, or is too slow, lets go of the lock.
        if ready.send(Ok(turn)).is_ok()
            && let Ok(Ok((unit, answer))) = tokio::time::timeout(TURN, decided).await
        {
            let outcome = match self.write_and_commit_in(tx, std::slice::from_ref(&unit)).await {
                Ok(mut outcomes) => outcomes.pop().unwrap_or_else(|| Err(nothing_written())),
                Err(error) => Err(unavailable(&error)),
            };
            let _ = answer.send(outcome);
        }
    }

    async fn write_and_commit(
        &mut self,
        units: &[Unit],
    ) -> Result<Vec<Result<Appended, AppendError>>, LedgerError> {
        let tx = self.db.begin_brief().await?;
        self.write_and_commit_in(tx, units).await
    }

    async fn write_and_commit_in(
        &mut self,
        tx: Tx,
        units: &[Unit],
    ) -> Result<Vec<Result<Appended, AppendError>>, LedgerError> {
        let result = self.try_write_and_commit(tx, units).await;
        if result.is_err() {
            // Whether it was committed is not known: nothing remembered may be trusted.
            self.known.head = -1;
        }
        result
    }

    async fn try_write_and_commit(
        &mut self,
        mut tx: Tx,
        units: &[Unit],
    ) -> Result<Vec<Result<Appended, AppendError>>, LedgerError> {
        let written = self.write(&mut tx, units).await?;
        tx.commit().await?;
        self.known.head = written.head.position;
        self.sealer.remember(written.keys);
        if !written.recorded.is_empty() {
            self.told.send_replace(written.head.position);
            if let Err(error) = self.follower.take(&written.recorded).await {
                // The events are committed. The follower's task goes on trying; until then this node is behind,
                // and says so to those who ask for a position.
                tracing::error!(%error, "cannot bring the authorization projection up to the ledger");
            }
        }
        Ok(written
            .outcomes
            .into_iter()
            .map(|outcome| {
                let events = written.recorded[outcome?].to_vec();
                let position = events
                    .last()
                    .map_or(written.head.position, |event| event.position);
                Ok(Appended { events, position })
            })
            .collect())
    }

    async fn write(&mut self, tx: &mut Tx, units: &[Unit]) -> Result<Written, LedgerError> {
        let mut head = Head::lock(tx).await?;
        if head.position != self.known.head {
            self.known.sequences.clear();
        }
        let mut sequences = self.sequences(tx, units).await?;
        let mut board = Board::read(tx, &self.sealer, units.iter()).await?;
        let mut outcomes = Vec::with_capacity(units.len());
        let mut accepted = Vec::new();
        let mut count = 0;
        for unit in units {
            // A unit that is refused its claims must not move its streams on either.
            let decided = next_sequences(&sequences, unit)
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
                head,
                outcomes,
                recorded: Vec::new(),
                keys: SubjectKeys::new(),
            });
        }
        let keys = self.sealer.keys_for_append(tx, subjects(&accepted)?).await?;
        let recorded = self.insert_events(tx, &mut head, &accepted, &keys).await?;
        board.store(tx).await?;
        read_models::apply(tx, &recorded).await?;
        head.store(tx).await?;
        for event in &recorded {
            let stream = (aggregate_type(&event.event), event.aggregate_id.clone());
            self.known.sequences.put(stream, event.sequence);
        }
        Ok(Written {
            head,
            outcomes,
            recorded,
            keys,
        })
    }

    /// The current sequence of each stream that the units append to.
    async fn sequences<'a>(&mut self, tx: &mut Tx, units: &'a [Unit]) -> Result<Sequences<'a>, LedgerError> {
        let mut sequences = Sequences::new();
        let mut unknown = Vec::new();
        for event in units.iter().flat_map(|unit| &unit.events) {
            let stream = (aggregate_type(&event.event), event.aggregate_id.as_str());
            if let Entry::Vacant(entry) = sequences.entry(stream) {
                match self.known.sequences.get(&(stream.0, stream.1.to_owned())) {
                    Some(known) => drop(entry.insert(*known)),
                    None => {
                        entry.insert(0);
                        unknown.push(stream);
                    }
                }
            }
        }
        for chunk in unknown.chunks(MAX_ARGUMENTS / 3) {
            let text = format!(
                "SELECT k.column3, (SELECT e.sequence FROM events e WHERE e.aggregate_type = k.column1 \
                 AND e.aggregate_id = k.column2 ORDER BY e.sequence DESC LIMIT 1) FROM (VALUES {}) AS k",
                placeholders(1, chunk.len(), 3)
            );
            let select = chunk
                .iter()
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
        tx: &mut Tx,
        head: &mut Head,
        units: &[&Unit],
        keys: &SubjectKeys,
    ) -> Result<Vec<Recorded>, LedgerError> {
        let unreadable = |error: serde_json::Error| LedgerError::Unreadable {
            position: 0,
            reason: error.to_string(),
        };
        head.recorded_at = head.recorded_at.max(self.clock.now());
        let mut recorded = Vec::new();
        let mut rows = Vec::new();
        for unit in units {
            let mut metadata = unit.metadata.clone();
            self.sealer.seal_address(&mut metadata, keys)?;
            let metadata_json = serde_json::value::to_raw_value(&metadata).map_err(unreadable)?;
            for new in &unit.events {
                let aggregate_type = aggregate_type(&new.event);
                let (event_type, event_version, mut payload) = stored_form(&new.event)?;
                let place = Place {
                    aggregate_type,
                    aggregate_id: &new.aggregate_id,
                    sequence: new.sequence,
                    event_type: &event_type,
                };
                let mut recorded_event = new.event.clone();
                if self.sealer.blank_payload(&place, &mut payload, keys) {
                    // The read models must not learn what the ledger does not keep.
                    recorded_event = Event::from_stored(aggregate_type, &event_type, payload.clone())
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
                    event_type: &event_type,
                    event_version: &event_version,
                    recorded_at: head.recorded_at,
                    ledger_id: &self.ledger_id,
                };
                let event = parts.cloud_event(payload, metadata.clone());
                head.hash = event_hash(&head.hash, &event.canonical().map_err(unreadable)?);
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
                    payload: serde_json::value::to_raw_value(&event.data).map_err(unreadable)?,
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
                    .bind(row.event_type.as_str())
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
    event_type: String,
    event_version: String,
    payload: Box<RawValue>,
    metadata: Box<RawValue>,
    hash: [u8; 32],
}

/// The last sequence of each stream by its aggregate's type and id.
type Sequences<'a> = HashMap<(&'static str, &'a str), i64>;

/// The sequences after the unit, if each of its events is the next of its stream.
fn next_sequences<'a>(sequences: &Sequences<'a>, unit: &'a Unit) -> Result<Sequences<'a>, Refusal> {
    let mut moved = Sequences::new();
    for event in &unit.events {
        let stream = (aggregate_type(&event.event), event.aggregate_id.as_str());
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
            let (event_type, _, payload) = stored_form(&new.event)?;
            let personal = sealing::sealed_fields(&event_type)
                .iter()
                .any(|(_, seal)| *seal == sealing::Seal::Personal);
            if personal {
                let kind = aggregate_type(&new.event);
                subjects.insert(sealing::subject(kind, &new.aggregate_id, &payload).to_owned());
            }
        }
    }
    Ok(subjects)
}

/// Whether it was said no to something in the batch, rather than the database being gone, full or busy: then the
/// rest of the batch can be written.
fn refused(error: &LedgerError) -> bool {
    use projections::sql::Error;
    match error {
        LedgerError::Database(error @ Error::Database(_)) => is_about_data(error),
        LedgerError::Database(
            Error::Encode(_) | Error::Decode(_) | Error::ColumnDecode { .. } | Error::InvalidArgument(_),
        ) => true,
        LedgerError::Sealed(_) | LedgerError::Unreadable { .. } => true,
        _ => false,
    }
}

fn unavailable(error: &LedgerError) -> AppendError {
    tracing::error!(%error, "cannot append to the ledger");
    AppendError::Unavailable(error.to_string())
}

fn nothing_written() -> AppendError {
    AppendError::Unavailable("the appender gave no answer".to_owned())
}

fn answer_all(answers: Vec<Answer>, outcomes: Vec<Result<Appended, AppendError>>) {
    for (answer, outcome) in answers.into_iter().zip(outcomes) {
        // A caller that no longer waits has its answer in the ledger.
        let _ = answer.send(outcome);
    }
}

/// Tells other nodes that the ledger grew, after the commit and at most one message for many commits.
async fn notify_others(db: Db, mut grown: watch::Receiver<i64>) {
    while grown.changed().await.is_ok() {
        let position = *grown.borrow_and_update();
        if let Err(error) = db.notify(CHANNEL, &position.to_string()).await {
            tracing::debug!(%error, "cannot tell other nodes; they will look by themselves");
        }
    }
}
