//! The errors of the ledger.

use std::{io, sync::Arc, time::Duration};

use aggregates::{Claim, Classified, DomainError, ErrorKind, claim::Scope};
use authorization::Lacking;
use projections::Veto;

use super::{Cause, ClockOff, OtherVersions, executor::Stream};

/// The ledger rejects a unit. Nothing of the unit is in the ledger. The messages are what clients read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// Another process or request appended to a stream since it was loaded: load again and decide again.
    #[error("{aggregate_type} {aggregate_id} has changed")]
    Conflict {
        /// The type of the stream.
        aggregate_type: &'static str,
        /// The id of the stream.
        aggregate_id: String,
    },
    /// Another aggregate holds the claim.
    #[error("{}", .0.scope.when_taken().about(.0.scope, &.0.value))]
    ClaimTaken(Claim),
    /// Nobody holds a claim that the unit requires.
    #[error("{}", .0.scope.when_missing().about(.0.scope, &.0.value))]
    ClaimMissing(Claim),
    /// A guard rejects the unit.
    #[error(transparent)]
    Vetoed(Veto),
    /// The unit would leave too few claims in a scope.
    #[error("{}", .0.when_too_few().about(.0, ""))]
    LastClaim(&'static Scope),
    /// The unit would lead to too many claims in a scope.
    #[error("{}", .0.when_too_many().about(.0, ""))]
    TooManyClaims(&'static Scope),
}

impl Classified for Rejection {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Conflict { .. } => ErrorKind::Unavailable,
            Self::ClaimTaken(claim) => claim.scope.when_taken().kind,
            Self::ClaimMissing(claim) => claim.scope.when_missing().kind,
            Self::Vetoed(_) => ErrorKind::Conflict,
            Self::LastClaim(scope) => scope.when_too_few().kind,
            Self::TooManyClaims(scope) => scope.when_too_many().kind,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Conflict { .. } => ErrorKind::Unavailable.code(),
            Self::ClaimTaken(claim) => claim.scope.when_taken().code,
            Self::ClaimMissing(claim) => claim.scope.when_missing().code,
            Self::Vetoed(veto) => veto.code,
            Self::LastClaim(scope) => scope.when_too_few().code,
            Self::TooManyClaims(scope) => scope.when_too_many().code,
        }
    }
}

/// Why an append failed.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// The ledger rejects the unit. Nothing was written.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// The ledger did not answer, or could not be written. If the connection broke during the commit, the events may be
    /// in the ledger all the same.
    #[error("the ledger is unavailable")]
    Unavailable(#[source] Cause),
}

/// Why the ledger is unavailable although the database answers.
#[derive(Debug, thiserror::Error)]
pub(super) enum Obstacle {
    /// The appender accepts no more units.
    #[error("the server is shutting down")]
    Closed,
    /// The appender ended without an answer.
    #[error("the appender gave no answer")]
    NoAnswer,
    /// The command waited too long for other commands to the same aggregate.
    #[error("other commands keep the same aggregate busy")]
    Busy,
    /// What a change rests on was changed before each attempt.
    #[error("what the change rests on was changed before each attempt")]
    OutdatedEachTime,
    /// Another node changed the aggregate before each attempt.
    #[error("another node won every race")]
    LostEveryRace(#[source] Rejection),
}

impl From<Obstacle> for AppendError {
    fn from(obstacle: Obstacle) -> Self {
        Self::Unavailable(Arc::new(obstacle))
    }
}

/// Why commands had no effect.
#[derive(Debug, thiserror::Error)]
pub enum ExecuteError {
    /// An aggregate refuses a command. `index` counts the commands from 0.
    #[error("{error}")]
    Domain {
        /// The number of the command.
        index: usize,
        /// The reason.
        error: DomainError,
    },
    /// The caller does not hold what the events would give. `index` counts the commands from 0: it is the first one whose events, together
    /// with those of the commands before it, give too much.
    #[error("{lacking}")]
    NotHeld {
        /// The number of the command.
        index: usize,
        /// What the caller does not hold.
        lacking: Lacking,
    },
    /// The ledger rejects the unit that follows from the commands.
    #[error(transparent)]
    Rejected(Rejection),
    /// The ledger does not answer, or the executor lost a race too often.
    #[error("the ledger is unavailable")]
    Unavailable(#[source] Cause),
}

impl Classified for ExecuteError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Domain { error, .. } => error.kind(),
            Self::NotHeld { lacking, .. } => lacking.kind(),
            Self::Rejected(rejection) => rejection.kind(),
            Self::Unavailable(_) => ErrorKind::Unavailable,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Domain { error, .. } => error.code(),
            Self::NotHeld { lacking, .. } => lacking.code(),
            Self::Rejected(rejection) => rejection.code(),
            Self::Unavailable(_) => ErrorKind::Unavailable.code(),
        }
    }
}

impl From<Obstacle> for ExecuteError {
    fn from(obstacle: Obstacle) -> Self {
        Self::Unavailable(Arc::new(obstacle))
    }
}

/// A stream cannot be loaded.
#[derive(Debug, thiserror::Error)]
#[error("the stream of {aggregate_type} {aggregate_id} cannot be loaded")]
pub(super) struct NotLoaded {
    aggregate_type: &'static str,
    aggregate_id: String,
    source: Arc<LedgerError>,
}

impl NotLoaded {
    pub(super) fn because((aggregate_type, id): &Stream, source: Arc<LedgerError>) -> Self {
        Self {
            aggregate_type,
            aggregate_id: id.clone(),
            source,
        }
    }
}

/// Why the ledger cannot be opened or read.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The database does not answer, or its answer is not valid.
    #[error("database: {0}")]
    Database(#[from] projections::sql::Error),
    /// The appender could not write something beside the events.
    #[error("the database cannot be written")]
    NotWritten(#[from] AppendError),
    /// The process could not read the ledger to its head. Without a cause, it could not do so in time.
    #[error("the ledger cannot be read to its head")]
    Behind(#[source] Option<Arc<LedgerError>>),
    /// Events are missing before those that this process has just written. It reads from another server than it writes to.
    #[error(
        "the events between {position} and {first} are missing where this node reads; it may read from an old primary"
    )]
    Gap {
        /// The position that this process has applied.
        position: i64,
        /// The position of the first event that it has written.
        first: i64,
    },
    /// The database closed the connection that listens for other nodes.
    #[error("the database closed the connection that listens for other nodes")]
    NotListening,
    /// The read models differ from the claims in the ledger.
    #[error("the read models have {found} of scope {scope}, the claims {claimed}")]
    ReadModels {
        /// The scope that differs.
        scope: &'static str,
        /// How many claims the ledger has.
        claimed: i64,
        /// How many rows the read models have.
        found: usize,
    },
    /// Another version of the program wrote the read models.
    #[error("{0}")]
    OtherVersions(OtherVersions),
    /// The head row is missing.
    #[error("the ledger has no head row: run `muniment migrate`")]
    NoHead,
    /// The clock of this node cannot be right.
    #[error(transparent)]
    ClockOff(#[from] ClockOff),
    /// Only newer programs may write to the ledger.
    #[error("only newer versions of this program may write to the ledger")]
    NewerWriters,
    /// The key did not seal this ledger.
    #[error("the sealing key does not open this ledger; it was sealed with another key")]
    WrongKey,
    /// The other nodes of this ledger sign tokens with another key.
    #[error("the signing key is not the one that this ledger's tokens are signed by")]
    WrongSigningKey,
    /// A stored event is not an event that we know.
    #[error("event at position {position}: {reason}")]
    Unreadable {
        /// The position of the event.
        position: i64,
        /// Why the event is unknown; never its content.
        reason: String,
    },
    /// A stream cannot be loaded.
    #[error("a stream cannot be loaded")]
    NotLoaded(#[source] Cause),
    /// A sealed field does not open.
    #[error("a sealed field does not open: {0}")]
    Sealed(&'static str),
}

/// Waits at most `patience` for an answer of the database, then returns an error. Without the limit, a lost network
/// could leave a connection silent for a quarter of an hour.
pub(super) async fn within<T>(
    patience: Duration,
    answer: impl Future<Output = Result<T, LedgerError>>,
) -> Result<T, LedgerError> {
    let answered = tokio::time::timeout(patience, answer).await;
    answered.unwrap_or_else(|_elapsed| Err(no_answer_in_time().into()))
}

/// The error if the database neither answers nor refuses in time.
pub(super) fn no_answer_in_time() -> projections::sql::Error {
    io::Error::new(io::ErrorKind::TimedOut, "no answer in time").into()
}

impl From<LedgerError> for AppendError {
    fn from(error: LedgerError) -> Self {
        Self::Unavailable(Arc::new(error))
    }
}
