//! Runs commands: loads aggregates, decides, appends, and decides again after a lost race.
//!
//! It makes the same decisions as `CqrsFramework::execute`. In addition, one unit may change several aggregates, lost races are
//! tried again, and the answer contains the position.

mod attempts;
mod read;
mod turns;

use projections::sql::Boxed;
use std::{
    collections::{BTreeMap, HashMap, hash_map::Entry},
    num::NonZeroUsize,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use aggregates::{Command, State};
use authorization::Principal;
use lru::LruCache;

use super::{
    AppendError, Appended, ExecuteError, Ledger, Metadata, NewEvent, NewSnapshot, Rejection, Seen, Unit,
    error::Obstacle,
    giving::Giver,
    loader::{Found, Wanted},
    rest::Rest,
    snapshots::{EVERY, Newest},
};

pub use attempts::{Attempted, Attempts, Change};
use turns::{Locks, Needs};

/// How long the executor decides again after lost races. It is a time and not a number of attempts: another node that keeps
/// writing to the same aggregate has the newer state and wins every race until it pauses.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);
/// How many aggregates stay in memory. A remembered aggregate may be stale: then the appender rejects the unit, and the
/// executor loads the aggregate again.
const AGGREGATES_IN_MEMORY: NonZeroUsize = NonZeroUsize::new(20_000).unwrap();

pub(super) type Stream = (&'static str, String);

/// Runs commands against one ledger.
#[derive(Clone)]
pub struct Executor {
    ledger: Ledger,
    remembered: Arc<Mutex<LruCache<Stream, Loaded>>>,
    /// Commands to one aggregate take turns within this process: if they were decided at the same time, only one could win.
    turns: Locks,
    /// A stream gets a snapshot when this many events stand after its last one.
    snapshot_every: i64,
}

#[derive(Clone)]
struct Loaded {
    state: Arc<State>,
    sequence: i64,
    newest: Newest,
}

impl From<Found> for Loaded {
    fn from(found: Found) -> Self {
        Self {
            state: Arc::new(found.state),
            sequence: found.sequence,
            newest: found.newest,
        }
    }
}

/// The streams of some commands.
type LoadedStreams = HashMap<Stream, Result<Loaded, ExecuteError>>;

/// Where a decision takes the aggregates from.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    /// From memory, or from the ledger if the aggregate is not in memory.
    Memory,
    /// From the ledger.
    Ledger,
    /// From the ledger, without remembering the aggregate: the decision has no consequences.
    LedgerOnce,
}

/// The result of deciding commands.
pub(super) struct Decided {
    pub(super) unit: Unit,
    /// For each command, how many events it and the commands before it have.
    pub(super) ends: Vec<usize>,
    states: BTreeMap<Stream, Loaded>,
    /// Whether each stream gets an event. If so, the appender checks that each state is current.
    every_stream_moved: bool,
}

impl Executor {
    /// An executor on `ledger`.
    pub fn new(ledger: Ledger) -> Self {
        Self {
            ledger,
            remembered: Arc::new(Mutex::new(LruCache::new(AGGREGATES_IN_MEMORY))),
            turns: Locks::default(),
            snapshot_every: EVERY,
        }
    }

    /// The same executor, but a stream gets a snapshot when this many events stand after its last one. For tests.
    #[must_use]
    pub fn with_a_snapshot_every(mut self, events: i64) -> Self {
        self.snapshot_every = events;
        self
    }

    /// The ledger.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Runs the commands in order as one unit: all of their events are recorded, or none.
    pub fn execute<'a>(
        &'a self,
        commands: Vec<Command>,
        metadata: &'a Metadata,
    ) -> Boxed<'a, Result<Appended, ExecuteError>> {
        self.execute_unless_changed(commands, metadata, &[])
    }

    /// Like [`Executor::execute`], but returns a conflict if one of these aggregates has changed since it was seen. For
    /// decisions that rest on IO, such as the verification of a password.
    pub fn execute_unless_changed<'a>(
        &'a self,
        commands: Vec<Command>,
        metadata: &'a Metadata,
        unchanged: &'a [Seen],
    ) -> Boxed<'a, Result<Appended, ExecuteError>> {
        Box::pin(self.run(commands, metadata, Rest::on(unchanged), None))
    }

    pub(super) async fn run(
        &self,
        commands: Vec<Command>,
        metadata: &Metadata,
        rest: Rest<'_>,
        giver: Option<Principal>,
    ) -> Result<Appended, ExecuteError> {
        let turns = self.turns.take(Needs::of(&commands));
        let turns = tokio::time::timeout(PATIENCE, turns).await;
        let _turns = turns.map_err(|_elapsed| Obstacle::Busy)?;
        self.run_in_turn(commands, metadata, rest, giver).await
    }

    /// Runs commands of somebody who has their turns.
    async fn run_in_turn(
        &self,
        commands: Vec<Command>,
        metadata: &Metadata,
        rest: Rest<'_>,
        giver: Option<Principal>,
    ) -> Result<Appended, ExecuteError> {
        let began = Instant::now();
        let (mut from, mut giver) = (rest.source, Giver::of(giver));
        loop {
            let decided = match self.decide(&commands, metadata, from).await {
                Ok(decided) => giver.judge(&self.ledger, decided).await,
                refused => refused,
            };
            let decided = match decided {
                Err(ExecuteError::Domain { .. } | ExecuteError::NotHeld { .. }) if from == Source::Memory => {
                    None
                }
                decided => Some(decided?),
            };
            // A remembered aggregate may be stale. An append notices this. A refusal, or a decision without events, would not
            // notice it, so both are decided again from the ledger.
            let Some(decided) =
                decided.filter(|decided| from == Source::Ledger || decided.every_stream_moved)
            else {
                from = Source::Ledger;
                continue;
            };
            if decided.unit.events.is_empty() {
                // The streams may be newer than the authorization projection of this process.
                return Ok(Appended {
                    events: Vec::new(),
                    position: self.ledger.position(),
                });
            }
            let unit = Unit {
                unchanged: rest.unchanged.to_vec(),
                grounds: rest.with(decided.unit.grounds),
                ..decided.unit
            };
            match self.ledger.append(unit).await {
                Ok(appended) => {
                    self.remember(decided.states);
                    return Ok(appended);
                }
                Err(AppendError::Rejected(rejection @ Rejection::Conflict { .. }))
                    if !rest.is_about(&rejection) =>
                {
                    from = Source::Ledger;
                    if began.elapsed() > PATIENCE {
                        return Err(Obstacle::LostEveryRace(rejection).into());
                    }
                    giver.know(&self.ledger).await?;
                }
                Err(AppendError::Rejected(rejection)) => return Err(ExecuteError::Rejected(rejection)),
                Err(AppendError::Unavailable(cause)) => return Err(ExecuteError::Unavailable(cause)),
            }
        }
    }

    pub(super) async fn decide(
        &self,
        commands: &[Command],
        metadata: &Metadata,
        from: Source,
    ) -> Result<Decided, ExecuteError> {
        let mut unit = Unit::new(metadata.clone());
        let mut streams = self.load(commands, from).await;
        let mut before = BTreeMap::new();
        let mut states: BTreeMap<Stream, Loaded> = BTreeMap::new();
        let mut ends = Vec::with_capacity(commands.len());
        for (index, command) in commands.iter().enumerate() {
            let stream = command.stream();
            if let Some(loaded) = streams.remove(&stream) {
                let loaded = loaded?;
                before.insert(stream.clone(), (Arc::clone(&loaded.state), loaded.sequence));
                states.insert(stream.clone(), loaded);
            }
            let loaded = states.get_mut(&stream).ok_or(Obstacle::NoAnswer)?;
            let refused = |error| ExecuteError::Domain { index, error };
            let events = loaded.state.decide(command).map_err(refused)?;
            for event in events {
                loaded.sequence += 1;
                let state = Arc::make_mut(&mut loaded.state);
                state
                    .apply(event.clone())
                    .map_err(|error| refused(error.into()))?;
                unit.events.push(NewEvent {
                    aggregate_id: stream.1.clone(),
                    sequence: loaded.sequence,
                    event,
                });
            }
            ends.push(unit.events.len());
        }
        let mut every_stream_moved = true;
        for (stream, loaded) in &mut states {
            if let Some((state, sequence)) = before.get(stream) {
                every_stream_moved &= loaded.sequence > *sequence;
                let (before, after) = loaded.state.claimed_since(state, &stream.1);
                unit.claim_difference(&stream.1, &before, &after);
                if loaded.sequence > *sequence {
                    unit.snapshots
                        .extend(loaded.snapshot_if_due(stream, self.snapshot_every));
                }
            }
        }
        Ok(Decided {
            unit,
            ends,
            states,
            every_stream_moved,
        })
    }

    /// Loads the streams of the commands. One request reads all streams that are not in memory.
    async fn load(&self, commands: &[Command], from: Source) -> LoadedStreams {
        let (mut streams, mut wanted) = (LoadedStreams::new(), Vec::new());
        for command in commands {
            let Entry::Vacant(room) = streams.entry(command.stream()) else {
                continue;
            };
            let known = match from {
                // The id is new and random. If a stream with this id exists all the same, the appender rejects the unit.
                Source::Memory if command.begins_a_stream() => Some(Loaded {
                    state: Arc::new(command.first_state()),
                    sequence: 0,
                    newest: Newest::default(),
                }),
                Source::Memory => self.remembered().get(room.key()).cloned(),
                Source::Ledger | Source::LedgerOnce => None,
            };
            match known {
                Some(loaded) => drop(room.insert(Ok(loaded))),
                None => {
                    wanted.push(Wanted {
                        stream: room.key().clone(),
                        first: command.first_state(),
                    });
                    room.insert(Err(Obstacle::NoAnswer.into()));
                }
            }
        }
        if wanted.is_empty() {
            return streams;
        }
        let names: Vec<Stream> = wanted.iter().map(|wanted| wanted.stream.clone()).collect();
        let found = self.ledger.loader().load(wanted).await;
        for (stream, found) in names.into_iter().zip(found) {
            let loaded = found.map(Loaded::from).map_err(ExecuteError::Unavailable);
            if let Ok(loaded) = &loaded
                && from != Source::LedgerOnce
            {
                self.remember_loaded(&stream, loaded);
            }
            streams.insert(stream, loaded);
        }
        streams
    }

    fn remember_loaded(&self, stream: &Stream, loaded: &Loaded) {
        if loaded.sequence > 0 {
            self.remembered().put(stream.clone(), loaded.clone());
        }
    }

    fn remember(&self, states: BTreeMap<Stream, Loaded>) {
        let mut remembered = self.remembered();
        for (stream, loaded) in states {
            // Two commands to one aggregate may return in the other order.
            if remembered
                .peek(&stream)
                .is_none_or(|known| known.sequence < loaded.sequence)
            {
                remembered.put(stream, loaded);
            }
        }
    }

    fn remembered(&self) -> MutexGuard<'_, LruCache<Stream, Loaded>> {
        self.remembered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Loaded {
    /// A snapshot of this state, if enough events stand after the newest snapshot. Once the unit is written, it is the newest one.
    fn snapshot_if_due(&mut self, stream: &Stream, every: i64) -> Option<NewSnapshot> {
        if !self.newest.is_outgrown_at(self.sequence, every) {
            return None;
        }
        match NewSnapshot::of(stream, self.sequence, &self.state) {
            Ok(snapshot) => {
                self.newest = snapshot.newest();
                Some(snapshot)
            }
            Err(error) => {
                let (aggregate_type, aggregate_id) = stream;
                tracing::debug!(%error, aggregate_type, aggregate_id, "a state cannot be written, so it gets no snapshot");
                None
            }
        }
    }
}
