//! What can go wrong in the ledger.

use std::{sync::Arc, time::Duration};

use aggregates::{Claim, Classified, ErrorKind, claim::Scope};
use projections::Veto;

use super::{Cause, OtherVersions};

/// The ledger rejects a unit. Nothing of the unit is in the ledger. The messages are what clients read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// Somebody else appended to a stream since it was loaded: load again and decide again.
    #[error("{aggregate_type} {aggregate_id} has changed")]
    Conflict {
        /// Type of the stream.
        aggregate_type: &'static str,
        /// Id of the stream.
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
    /// The ledger could not be written or did not answer. When the connection broke during the commit, the
    /// events may have been written all the same.
    #[error("the ledger is unavailable")]
    Unavailable(#[source] Cause),
}

/// Why the ledger is unavailable although the database answers.
#[derive(Debug, thiserror::Error)]
pub(super) enum Obstacle {
    /// The appender takes no more units.
    #[error("the server is shutting down")]
    Closed,
    /// The appender is at fault.
    #[error("the appender gave no answer")]
    NoAnswer,
    /// Other commands are decided for too long.
    #[error("other commands keep the same aggregate busy")]
    Busy,
    /// Whatever was decided was too late.
    #[error("another node won every race")]
    LostEveryRace(#[source] Rejection),
}

impl From<Obstacle> for AppendError {
    fn from(obstacle: Obstacle) -> Self {
        Self::Unavailable(Arc::new(obstacle))
    }
}

/// Why the ledger cannot be opened or read.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The database does not answer, or not as it should.
    #[error("database: {0}")]
    Database(#[from] projections::sql::Error),
    /// The ledger could not be read to its head: for this cause, or not in time.
    #[error("the ledger cannot be read to its head")]
    Behind(#[source] Option<Arc<LedgerError>>),
    /// The database closed the connection that hears of other nodes' events.
    #[error("the database closed the connection that listens for other nodes")]
    NotListening,
    /// The read models are not what the events come to.
    #[error("the read models have {found} of scope {scope}, the claims {claimed}")]
    ReadModels {
        /// Of what.
        scope: &'static str,
        /// How many are claimed.
        claimed: i64,
        /// How many the read models have.
        found: usize,
    },
    /// Another version of the program wrote the read models.
    #[error("{0}")]
    OtherVersions(OtherVersions),
    /// The head row is missing.
    #[error("the ledger has no head row: run `muniment migrate`")]
    NoHead,
    /// The key is not the one that sealed this ledger.
    #[error("the sealing key does not open this ledger; it was sealed with another key")]
    WrongKey,
    /// The key is not the one by which this ledger's other nodes sign tokens.
    #[error("the signing key is not the one that this ledger's tokens are signed by")]
    WrongSigningKey,
    /// A stored event is not one we know.
    #[error("event at position {position}: {reason}")]
    Unreadable {
        /// Where.
        position: i64,
        /// Why; never the content.
        reason: String,
    },
    /// A sealed field does not open.
    #[error("a sealed field does not open: {0}")]
    Sealed(&'static str),
}

/// What a database does in this time, or else the error of one that does not answer: a lost network may leave a
/// connection silent for a quarter of an hour.
pub(super) async fn within<T>(
    patience: Duration,
    answer: impl Future<Output = Result<T, LedgerError>>,
) -> Result<T, LedgerError> {
    tokio::time::timeout(patience, answer).await.unwrap_or_else(|_| {
        let silent = std::io::Error::new(std::io::ErrorKind::TimedOut, "no answer in time");
        Err(LedgerError::Database(silent.into()))
    })
}

impl From<LedgerError> for AppendError {
    fn from(error: LedgerError) -> Self {
        Self::Unavailable(Arc::new(error))
    }
}
