//! Tries to end the sessions of many users at a broker.

use std::{
    collections::BTreeSet,
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};

use aggregates::values::Timestamp;
use futures_util::{StreamExt, future::BoxFuture, stream::FuturesUnordered};
use ledger::{AppendError, Ledger, LedgerError, OpenKick, WithCauses};

use super::{
    kick::{KickError, kick},
    losses::sessions,
    reach::Reach,
    tally::Tally,
};
use crate::app::App;

/// How many tries may run at the same time at one broker.
pub(super) const AT_ONCE: usize = 16;
/// After so many failures in a row, the broker is left alone for a while.
const ENOUGH: usize = 16;
/// The longest reason that is noted, in characters.
const MOST_REASON: usize = 300;

/// Why a task of a broker could not go on.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// The ledger cannot be read.
    #[error("cannot read what users may do")]
    Ledger(#[from] LedgerError),
    /// What the broker was told, or has still to do, cannot be noted.
    #[error("cannot note what the broker was told")]
    Note(#[from] AppendError),
}

/// What the tasks of one broker share.
#[derive(Clone)]
pub(super) struct Teller {
    pub(super) app: App,
    pub(super) reach: Reach,
    pub(super) tally: Arc<Tally>,
}

/// What became of tries.
#[derive(Debug, Default)]
pub(super) struct Tried {
    /// Their sessions have ended.
    pub(super) done: Vec<OpenKick>,
    /// Their sessions must still end: the tries failed, or were not made because too many others had failed.
    pub(super) left: Vec<OpenKick>,
    /// How many tries were made, in the order of the list.
    pub(super) number: usize,
    /// Why a try failed; `None` if none failed.
    pub(super) error: Option<String>,
}

/// Whether the sessions of a user have ended, as far as the ledger says whose sessions they are.
type Ended = Result<Result<(), KickError>, LedgerError>;

impl Teller {
    pub(super) fn broker(&self) -> &str {
        &self.tally.broker
    }

    pub(super) fn ledger(&self) -> &Ledger {
        self.app.ledger()
    }

    pub(super) fn now(&self) -> Timestamp {
        self.app.clock.now()
    }

    /// Tries to end the sessions of these users, several at the same time. One try may take as long as `patience`.
    pub(super) async fn try_all(&self, kicks: &[OpenKick], patience: Duration) -> Result<Tried, LedgerError> {
        let mut waiting = kicks.iter();
        let mut running = FuturesUnordered::new();
        let (mut tried, mut failures, mut in_a_row) = (Tried::default(), 0_u64, 0);
        loop {
            while running.len() < AT_ONCE && in_a_row < ENOUGH {
                let Some(kick) = waiting.next() else {
                    break;
                };
                running.push(self.try_one(*kick, patience));
            }
            let Some((kick, result)) = running.next().await else {
                break;
            };
            tried.number += 1;
            match result? {
                Ok(()) => {
                    in_a_row = 0;
                    tried.done.push(kick);
                }
                Err(error) => {
                    in_a_row += 1;
                    failures += 1;
                    tried.error = Some(reason(&error));
                }
            }
        }
        let done: BTreeSet<_> = tried.done.iter().map(OpenKick::key).collect();
        let left = kicks.iter().filter(|kick| !done.contains(&kick.key()));
        tried.left = left.copied().collect();
        self.tally.ended.fetch_add(tried.done.len() as u64, Relaxed);
        self.tally.failed.fetch_add(failures, Relaxed);
        if let Some(error) = &tried.error {
            let (broker, left) = (self.broker(), tried.left.len());
            tracing::warn!(broker, failures, left, %error, "clients may have rights that they lost; trying again");
        }
        if !tried.done.is_empty() {
            let (broker, users) = (self.broker(), tried.done.len());
            tracing::debug!(broker, users, "ended the sessions of users who may do less");
        }
        Ok(tried)
    }

    fn try_one(&self, open: OpenKick, patience: Duration) -> BoxFuture<'_, (OpenKick, Ended)> {
        Box::pin(async move {
            let tried = match sessions(self.ledger(), &open).await {
                Ok(Some(sessions)) => Ok(kick(&self.reach, &sessions, patience).await),
                Ok(None) => Ok(Ok(())),
                Err(error) => Err(error),
            };
            (open, tried)
        })
    }

    /// Counts for the metrics what the broker still has to do.
    pub(super) async fn count_left(&self) -> Result<i64, LedgerError> {
        let left = self.ledger().kicks_left(self.broker()).await?;
        let oldest = left.oldest.map_or(0, Timestamp::micros);
        self.tally.left.store(left.number, Relaxed);
        self.tally.oldest.store(oldest, Relaxed);
        Ok(left.number)
    }
}

/// An error with its causes, of a bounded length.
fn reason(error: &KickError) -> String {
    WithCauses(error).to_string().chars().take(MOST_REASON).collect()
}
