//! Runs commands: loads, decides, appends, and decides again when a race was lost.
//!
//! It runs the same decisions as `CqrsFramework::execute`, and more: several aggregates in one unit, retries, and an
//! answer that holds the position.

use std::{
    collections::{BTreeMap, BTreeSet},
    hash::{DefaultHasher, Hash, Hasher},
    num::NonZeroUsize,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use aggregates::{
    Event,
    role::{Role, RoleCommand, RoleError},
    session::{Session, SessionCommand, SessionError},
    user::{User, UserCommand, UserError},
    values::{RoleId, SessionId, UserId},
};
use cqrs_es::{
    Aggregate, AggregateError, EventStore,
    persist::{EventStoreAggregateContext, PersistedEventStore},
};
use lru::LruCache;

use super::{AppendError, Appended, Ledger, Metadata, NewEvent, Refusal, Unit, repository::State};

/// How long a lost race is decided again. A time and not a number: another node that writes to the same aggregate
/// all the while has the newer knowledge and wins them all, until it pauses.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);
/// How many aggregates stay in memory. What is remembered may be stale: the appender finds out, and the
/// aggregate is loaded again.
const AGGREGATES_IN_MEMORY: NonZeroUsize = NonZeroUsize::new(20_000).unwrap();

/// How many locks keep commands to one aggregate in turn. Aggregates that share one by chance wait for each other.
const TURNS: usize = 16_384;

/// A command to an aggregate.
#[derive(Clone, Debug)]
pub enum Command {
    /// To a user.
    User(UserId, UserCommand),
    /// To a role.
    Role(RoleId, RoleCommand),
    /// To a session.
    Session(SessionId, SessionCommand),
}

/// An aggregate says no.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DomainError {
    /// A user.
    #[error(transparent)]
    User(#[from] UserError),
    /// A role.
    #[error(transparent)]
    Role(#[from] RoleError),
    /// A session.
    #[error(transparent)]
    Session(#[from] SessionError),
}

/// Why commands had no effect.
#[derive(Debug, thiserror::Error)]
pub enum ExecuteError {
    /// An aggregate says no. `index` counts the commands from 0.
    #[error("{error}")]
    Domain {
        /// Which command.
        index: usize,
        /// Why.
        error: DomainError,
    },
    /// The ledger says no.
    #[error(transparent)]
    Refused(Refusal),
    /// The ledger does not answer, or a race was lost too often.
    #[error("the ledger is unavailable: {0}")]
    Unavailable(String),
}

type Stream = (&'static str, String);

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

/// What commands come to.
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
    pub async fn execute(
        &self,
        commands: Vec<Command>,
        metadata: &Metadata,
    ) -> Result<Appended, ExecuteError> {
        self.execute_unless_changed(commands, metadata, None).await
    }

    /// Like [`Executor::execute`], but refused with a conflict if the user has changed since they were at this sequence:
    /// for what was decided from the user by IO, such as the verification of a password.
    pub async fn execute_unless_changed(
        &self,
        commands: Vec<Command>,
        metadata: &Metadata,
        user: Option<(UserId, i64)>,
    ) -> Result<Appended, ExecuteError> {
        let unchanged: Vec<_> = user
            .map(|(id, sequence)| (aggregates::user::TYPE, id.to_string(), sequence))
            .into_iter()
            .collect();
        let turns = tokio::time::timeout(PATIENCE, self.turns(&commands)).await;
        let _turns = turns
            .map_err(|_| ExecuteError::Unavailable("others are busy with the same aggregate".to_owned()))?;
        let began = Instant::now();
        let mut from = Source::Memory;
        loop {
            let decided = match self.decide(&commands, metadata, from).await {
                Err(ExecuteError::Domain { .. }) if from == Source::Memory => None,
                decided => Some(decided?),
            };
            // What is remembered may be stale. An append finds out, but a refusal would not, and neither would a
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
                unchanged: unchanged.clone(),
                ..decided.unit
            };
            match self.ledger.append(unit).await {
                Ok(appended) => {
                    self.remember(decided.states);
                    return Ok(appended);
                }
                Err(AppendError::Refused(refusal @ Refusal::Conflict { .. }))
                    if !is_about(&refusal, &unchanged) =>
                {
                    from = Source::Ledger;
                    if began.elapsed() > PATIENCE {
                        return Err(ExecuteError::Unavailable(format!("lost every race: {refusal}")));
                    }
                }
                Err(AppendError::Refused(refusal)) => return Err(ExecuteError::Refused(refusal)),
                Err(AppendError::Unavailable(reason)) => return Err(ExecuteError::Unavailable(reason)),
            }
        }
    }

    /// A user as the ledger tells now, and the sequence at which they are so, for decisions that need IO first, such as
    /// verifying a password. What is decided from it must be re-checked by the command, or by the sequence.
    pub async fn user(&self, id: UserId) -> Result<(User, i64), ExecuteError> {
        let stream = (aggregates::user::TYPE, id.to_string());
        let loaded = self.load::<User>(&stream, Source::Ledger).await?;
        match &*loaded.state {
            State::User(user) => Ok((user.as_ref().clone(), loaded.sequence)),
            _ => Ok((User::default(), 0)),
        }
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
        for turn in wanted {
            had.push(self.turns[turn].lock().await);
        }
        had
    }

    pub(super) async fn decide(
        &self,
        commands: &[Command],
        metadata: &Metadata,
        from: Source,
    ) -> Result<Decided, ExecuteError> {
        let mut unit = Unit {
            events: Vec::new(),
            take: Vec::new(),
            release: BTreeSet::new(),
            require: BTreeSet::new(),
            unchanged: Vec::new(),
            metadata: metadata.clone(),
        };
        let mut before = BTreeMap::new();
        let mut states: BTreeMap<Stream, Loaded> = BTreeMap::new();
        for (index, command) in commands.iter().enumerate() {
            let stream = command.stream();
            if !states.contains_key(&stream) {
                let loaded = match command {
                    // Its id was drawn a moment ago. If there is such a stream all the same, the appender says so.
                    _ if from == Source::Memory && command.begins_a_stream() => Loaded::nothing(command),
                    Command::User(..) => self.load::<User>(&stream, from).await?,
                    Command::Role(..) => self.load::<Role>(&stream, from).await?,
                    Command::Session(..) => self.load::<Session>(&stream, from).await?,
                };
                before.insert(stream.clone(), (Arc::clone(&loaded.state), loaded.sequence));
                states.insert(stream.clone(), loaded);
            }
            let Some(loaded) = states.get_mut(&stream) else {
                continue;
            };
            let events =
                decide(&loaded.state, command).map_err(|error| ExecuteError::Domain { index, error })?;
            for event in events {
                loaded.sequence += 1;
                Arc::make_mut(&mut loaded.state).apply(event.clone());
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
                let (before, after) = (state.claims(&stream.1), loaded.state.claims(&stream.1));
                unit.claim_difference(&stream.1, before, after);
            }
        }
        Ok(Decided {
            unit,
            states,
            every_stream_moved,
        })
    }

    async fn load<A>(&self, stream: &Stream, from: Source) -> Result<Loaded, ExecuteError>
    where
        A: Aggregate + 'static,
        State: From<A>,
    {
        if from == Source::Memory
            && let Some(loaded) = self.remembered().get(stream)
        {
            return Ok(loaded.clone());
        }
        let store = PersistedEventStore::<_, A>::new_event_store(self.ledger.repository());
        let context: EventStoreAggregateContext<A> =
            store.load_aggregate(&stream.1).await.map_err(|error: AggregateError<A::Error>| {
                tracing::error!(%error, aggregate_type = stream.0, aggregate_id = stream.1, "cannot load a stream");
                ExecuteError::Unavailable(error.to_string())
            })?;
        let sequence = i64::try_from(context.current_sequence).unwrap_or(i64::MAX);
        let loaded = Loaded {
            state: Arc::new(State::from(context.aggregate)),
            sequence,
        };
        if sequence > 0 && from != Source::LedgerOnce {
            self.remembered().put(stream.clone(), loaded.clone());
        }
        Ok(loaded)
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

impl Loaded {
    /// What a command's aggregate is before its first event.
    fn nothing(command: &Command) -> Self {
        let state = match command {
            Command::User(..) => State::from(User::default()),
            Command::Role(..) => State::from(Role::default()),
            Command::Session(..) => State::from(Session::default()),
        };
        Self {
            state: Arc::new(state),
            sequence: 0,
        }
    }
}

/// Whether a conflict is about one of these streams.
fn is_about(refusal: &Refusal, streams: &[(&'static str, String, i64)]) -> bool {
    matches!(refusal, Refusal::Conflict { aggregate_type, aggregate_id }
        if streams.iter().any(|(kind, id, _)| kind == aggregate_type && id == aggregate_id))
}

impl Command {
    fn begins_a_stream(&self) -> bool {
        matches!(
            self,
            Self::User(_, UserCommand::Create(_))
                | Self::Role(_, RoleCommand::Create(_))
                | Self::Session(_, SessionCommand::IssueToken(_))
        )
    }

    fn stream(&self) -> Stream {
        match self {
            Self::User(id, _) => (aggregates::user::TYPE, id.to_string()),
            Self::Role(id, _) => (aggregates::role::TYPE, id.to_string()),
            Self::Session(id, _) => (aggregates::session::TYPE, id.to_string()),
        }
    }
}

fn decide(state: &State, command: &Command) -> Result<Vec<Event>, DomainError> {
    Ok(match (state, command) {
        (State::User(state), Command::User(_, command)) => state
            .decide(command.clone())?
            .into_iter()
            .map(Event::User)
            .collect(),
        (State::Role(state), Command::Role(_, command)) => state
            .decide(command.clone())?
            .into_iter()
            .map(Event::Role)
            .collect(),
        (State::Session(state), Command::Session(_, command)) => state
            .decide(command.clone())?
            .into_iter()
            .map(Event::Session)
            .collect(),
        // A stream is loaded by its command's type, so the two always fit.
        _ => Vec::new(),
    })
}

impl From<User> for State {
    fn from(state: User) -> Self {
        Self::User(Box::new(state))
    }
}

impl From<Role> for State {
    fn from(state: Role) -> Self {
        Self::Role(Box::new(state))
    }
}

impl From<Session> for State {
    fn from(state: Session) -> Self {
        Self::Session(Box::new(state))
    }
}
