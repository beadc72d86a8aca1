//! Runs commands: loads, decides, appends, and decides again when a race was lost.
//!
//! It runs the same decisions as `CqrsFramework::execute`, and more: several aggregates in one unit, retries, and an
//! answer that holds the position.

use projections::sql::Boxed;
use std::{
    collections::{BTreeMap, BTreeSet},
    hash::{DefaultHasher, Hash, Hasher},
    num::NonZeroUsize,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use aggregates::{
    Classified, Command, DomainError, ErrorKind, ForAggregate, Registered, State, WrongAggregate,
};
use cqrs_es::{
    EventStore,
    persist::{EventStoreAggregateContext, PersistedEventStore},
};
use lru::LruCache;

use super::{
    AppendError, Appended, Cause, Ledger, Metadata, NewEvent, Rejection, Seen, Unit,
    error::{NotLoaded, Obstacle},
};

/// How long a lost race is decided again. It is a time and not a number: another node that keeps writing to the same
/// aggregate has the newer state and wins every race until it pauses.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);
/// How many aggregates stay in memory. What is remembered may be stale: the appender finds out, and the
/// aggregate is loaded again.
const AGGREGATES_IN_MEMORY: NonZeroUsize = NonZeroUsize::new(20_000).unwrap();

/// How many locks keep commands to one aggregate in turn. Aggregates that share one by chance wait for each other.
const TURNS: usize = 16_384;

/// Why commands had no effect.
#[derive(Debug, thiserror::Error)]
pub enum ExecuteError {
    /// An aggregate refuses a command. `index` counts the commands from 0.
    #[error("{error}")]
    Domain {
        /// Which command.
        index: usize,
        /// Why.
        error: DomainError,
    },
    /// The ledger rejects the unit that the commands lead to.
    #[error(transparent)]
    Rejected(Rejection),
    /// The ledger does not answer, or a race was lost too often.
    #[error("the ledger is unavailable")]
    Unavailable(#[source] Cause),
}

impl Classified for ExecuteError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Domain { error, .. } => error.kind(),
            Self::Rejected(rejection) => rejection.kind(),
            Self::Unavailable(_) => ErrorKind::Unavailable,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Domain { error, .. } => error.code(),
            Self::Rejected(rejection) => rejection.code(),
            Self::Unavailable(_) => ErrorKind::Unavailable.code(),
        }
    }
}

pub(super) type Stream = (&'static str, String);

/// Runs commands against one ledger.
#[derive(Clone)]
pub struct Executor {
    ledger: Ledger,
    remembered: Arc<Mutex<LruCache<Stream, Loaded>>>,
    /// Of commands to one aggregate that are decided at once only one can win, so in this process they take turns.
    turns: Arc<[tokio::sync::Mutex<()>]>,
}

#[derive(Clone)]
struct Loaded {
    state: Arc<State>,
    sequence: i64,
}

/// What a decision starts from.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    /// What is remembered, where it is.
    Memory,
    /// What the ledger holds.
    Ledger,
    /// The same, but it is not remembered: nothing follows from it.
    LedgerOnce,
}

/// What commands lead to.
pub(super) struct Decided {
    pub(super) unit: Unit,
    states: BTreeMap<Stream, Loaded>,
    /// Whether each of the streams gets an event, so that the appender checks each of the states.
    every_stream_moved: bool,
}

impl Executor {
    /// An executor on `ledger`.
    pub fn new(ledger: Ledger) -> Self {
        Self {
            ledger,
            remembered: Arc::new(Mutex::new(LruCache::new(AGGREGATES_IN_MEMORY))),
            turns: (0..TURNS).map(|_| tokio::sync::Mutex::default()).collect(),
        }
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

    /// Like [`Executor::execute`], but refused with a conflict if one of these aggregates has changed since it was seen:
    /// for decisions that rest on IO, such as the verification of a password.
    pub fn execute_unless_changed<'a>(
        &'a self,
        commands: Vec<Command>,
        metadata: &'a Metadata,
        unchanged: &'a [Seen],
    ) -> Boxed<'a, Result<Appended, ExecuteError>> {
        Box::pin(self.run(commands, metadata, unchanged))
    }

    async fn run(
        &self,
        commands: Vec<Command>,
        metadata: &Metadata,
        unchanged: &[Seen],
    ) -> Result<Appended, ExecuteError> {
        let turns = tokio::time::timeout(PATIENCE, self.turns(&commands)).await;
        let _turns = turns.map_err(|_elapsed| Obstacle::Busy)?;
        let began = Instant::now();
        let mut from = Source::Memory;
        loop {
            let decided = match self.decide(&commands, metadata, from).await {
                Err(ExecuteError::Domain { .. }) if from == Source::Memory => None,
                decided => Some(decided?),
            };
            // What is remembered may be stale. An append finds out, but a rejection would not, and neither would a
            // decision that nothing is to be done: those are made again from what the ledger holds.
            let Some(decided) =
                decided.filter(|decided| from == Source::Ledger || decided.every_stream_moved)
            else {
                from = Source::Ledger;
                continue;
            };
            if decided.unit.events.is_empty() {
                let position = self.ledger.authorization().position();
                return Ok(Appended {
                    events: Vec::new(),
                    position,
                });
            }
            let unit = Unit {
                unchanged: unchanged.to_vec(),
                ..decided.unit
            };
            match self.ledger.append(unit).await {
                Ok(appended) => {
                    self.remember(decided.states);
                    return Ok(appended);
                }
                Err(AppendError::Rejected(rejection @ Rejection::Conflict { .. }))
                    if !is_about(&rejection, unchanged) =>
                {
                    from = Source::Ledger;
                    if began.elapsed() > PATIENCE {
                        return Err(Obstacle::LostEveryRace(rejection).into());
                    }
                }
                Err(AppendError::Rejected(rejection)) => return Err(ExecuteError::Rejected(rejection)),
                Err(AppendError::Unavailable(cause)) => return Err(ExecuteError::Unavailable(cause)),
            }
        }
    }

    /// An aggregate as the ledger holds it now, and where it was seen, for decisions that need IO first, such as
    /// verifying a password. The command must check again what was decided from it, or
    /// [`Executor::execute_unless_changed`] must be given where it was seen.
    pub async fn read<A>(&self, id: A::Id) -> Result<(A, Seen), ExecuteError>
    where
        A: Registered + Into<State> + TryFrom<State, Error = WrongAggregate>,
    {
        let (aggregate_type, aggregate_id) = (A::TYPE, id.to_string());
        let stream = (aggregate_type, aggregate_id.clone());
        let Loaded { state, sequence } = self.fetch(A::default().into(), &stream).await?;
        self.remember_loaded(
            &stream,
            &Loaded {
                state: Arc::clone(&state),
                sequence,
            },
        );
        let aggregate = A::try_from(Arc::unwrap_or_clone(state)).map_err(|error| ExecuteError::Domain {
            index: 0,
            error: error.into(),
        })?;
        let seen = Seen {
            aggregate_type,
            aggregate_id,
            sequence,
        };
        Ok((aggregate, seen))
    }

    /// Waits until it is these commands' turn with each of their aggregates.
    async fn turns(&self, commands: &[Command]) -> Vec<tokio::sync::MutexGuard<'_, ()>> {
        let turn = |command: &Command| {
            let mut hasher = DefaultHasher::new();
            command.stream().hash(&mut hasher);
            hasher.finish() as usize % TURNS
        };
        // In one order, so that no two wait for each other.
        let wanted: BTreeSet<usize> = commands.iter().map(turn).collect();
        let mut had = Vec::with_capacity(wanted.len());
        for lock in wanted.into_iter().filter_map(|turn| self.turns.get(turn)) {
            had.push(lock.lock().await);
        }
        had
    }

    pub(super) async fn decide(
        &self,
        commands: &[Command],
        metadata: &Metadata,
        from: Source,
    ) -> Result<Decided, ExecuteError> {
        let mut unit = Unit::new(metadata.clone());
        let mut before = BTreeMap::new();
        let mut states: BTreeMap<Stream, Loaded> = BTreeMap::new();
        for (index, command) in commands.iter().enumerate() {
            let stream = command.stream();
            if !states.contains_key(&stream) {
                // The id was drawn a moment ago. If there is such a stream all the same, the appender says so.
                let loaded = if from == Source::Memory && command.begins_a_stream() {
                    Loaded {
                        state: Arc::new(command.first_state()),
                        sequence: 0,
                    }
                } else {
                    self.load(command, &stream, from).await?
                };
                before.insert(stream.clone(), (Arc::clone(&loaded.state), loaded.sequence));
                states.insert(stream.clone(), loaded);
            }
            let Some(loaded) = states.get_mut(&stream) else {
                continue;
            };
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
        }
        let mut every_stream_moved = true;
        for (stream, loaded) in &states {
            if let Some((state, sequence)) = before.get(stream) {
                every_stream_moved &= loaded.sequence > *sequence;
                let (before, after) = (state.claimed(&stream.1), loaded.state.claimed(&stream.1));
                unit.claim_difference(&stream.1, &before, &after);
            }
        }
        Ok(Decided {
            unit,
            states,
            every_stream_moved,
        })
    }

    async fn load(&self, command: &Command, stream: &Stream, from: Source) -> Result<Loaded, ExecuteError> {
        if from == Source::Memory
            && let Some(loaded) = self.remembered().get(stream)
        {
            return Ok(loaded.clone());
        }
        let loaded = self.fetch(command.first_state(), stream).await?;
        if from != Source::LedgerOnce {
            self.remember_loaded(stream, &loaded);
        }
        Ok(loaded)
    }

    /// Folds the stream of an aggregate whose first state is `first`. The future is boxed here, so that each caller does not
    /// compile the code that folds each aggregate again.
    fn fetch<'a>(&'a self, first: State, stream: &'a Stream) -> Boxed<'a, Result<Loaded, ExecuteError>> {
        Box::pin(async move {
            first
                .for_aggregate(Load {
                    executor: self,
                    stream,
                })
                .await
        })
    }

    fn remember_loaded(&self, stream: &Stream, loaded: &Loaded) {
        if loaded.sequence > 0 {
            self.remembered().put(stream.clone(), loaded.clone());
        }
    }

    fn remember(&self, states: BTreeMap<Stream, Loaded>) {
        let mut remembered = self.remembered();
        for (stream, loaded) in states {
            // Of two commands to one aggregate the later may have come back first.
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

/// Loads a stream as the type of its aggregate.
struct Load<'a> {
    executor: &'a Executor,
    stream: &'a Stream,
}

impl ForAggregate for Load<'_> {
    type Output = Result<Loaded, ExecuteError>;

    async fn run<A>(self) -> Self::Output
    where
        A: cqrs_es::Aggregate<Services = ()> + Into<State> + 'static,
    {
        let stream = self.stream;
        let store = PersistedEventStore::<_, A>::new_event_store(self.executor.ledger.repository());
        let loaded: Result<EventStoreAggregateContext<A>, _> = store.load_aggregate(&stream.1).await;
        let context = loaded.map_err(|error| NotLoaded::because(stream, error))?;
        Ok(Loaded {
            state: Arc::new(context.aggregate.into()),
            sequence: i64::try_from(context.current_sequence).unwrap_or(i64::MAX),
        })
    }
}

/// Whether a conflict is about one of these aggregates.
fn is_about(rejection: &Rejection, seen: &[Seen]) -> bool {
    matches!(rejection, Rejection::Conflict { aggregate_type, aggregate_id }
        if seen.iter().any(|seen| seen.aggregate_type == *aggregate_type && seen.aggregate_id == *aggregate_id))
}
