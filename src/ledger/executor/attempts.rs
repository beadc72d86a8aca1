//! Attempts to make a change that its maker judges before each of them: from what is known then, and in the turns of the change.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use aggregates::Command;
use authorization::{GroundStream, Grounds, Principal};
use futures_util::FutureExt as _;
use projections::sql::Boxed;

use super::{
    super::{
        Appended, ExecuteError, LedgerError, Metadata, Rejection, Seen, error::Obstacle, judge, rest::Rest,
    },
    Executor, Source,
    turns::{Needs, Turns},
};

/// How long somebody tries to make a change. Many changes of one aggregate are made one after the other, and the last one must not be refused
/// only since there are many.
const PATIENCE: Duration = Duration::from_secs(30);

/// A change, as its maker judged it.
pub struct Change<'a> {
    /// The principal who must hold what the events give, if anybody must.
    pub giver: Option<Principal>,
    /// The commands.
    pub commands: Vec<Command>,
    /// The metadata of the events.
    pub metadata: &'a Metadata,
    /// Aggregates that must not have changed since they were seen.
    pub unchanged: &'a [Seen],
    /// What the judgement rests on.
    pub grounds: &'a Grounds,
    /// One of the grounds that nobody waits to change: the caller. Whoever takes the caller's rights does not wait until all changes are made
    /// that the caller has asked for.
    pub caller: Option<&'a GroundStream>,
}

/// What came of an attempt.
#[derive(Debug)]
pub enum Attempted {
    /// The change is recorded.
    Made(Appended),
    /// Something has changed since the judgement, so nothing is recorded. Judge again.
    Outdated,
}

/// The attempts to make one change. From the first one on, they have the turns that the change needs: no other commands of this process
/// change what it changes, or what it rests on, while its maker judges again, but for the caller. So only another node can come before the second attempt.
pub struct Attempts<'a> {
    executor: &'a Executor,
    began: Instant,
    needs: Needs,
    turns: Turns<'a>,
    /// Where the next attempt takes the aggregates from: from the ledger once the memory may be out of date.
    source: Source,
}

impl Executor {
    /// No attempt yet.
    pub fn attempts(&self) -> Attempts<'_> {
        Attempts {
            executor: self,
            began: Instant::now(),
            needs: Needs::default(),
            turns: Turns::default(),
            source: Source::Memory,
        }
    }
}

impl Attempts<'_> {
    /// Makes the change, unless its judgement is outdated. A refusal rests on the judgement, too, so it is returned only if nothing has changed.
    pub fn make<'b>(&'b mut self, change: Change<'b>) -> Boxed<'b, Result<Attempted, ExecuteError>> {
        Box::pin(async move {
            let rests_on = RestsOn::of(&change);
            self.needs.and(&Needs::of(&change.commands));
            let waits = |stream: &&GroundStream| change.caller.is_none_or(|caller| caller != *stream);
            self.needs.rest_on(change.grounds.streams.iter().filter(waits));
            if self.take_turns().await? && self.have_moved(&rests_on.without_changed()).await? {
                return Ok(Attempted::Outdated);
            }
            let Change {
                giver,
                commands,
                metadata,
                unchanged,
                grounds,
                caller,
            } = change;
            let rest = Rest::on_both(unchanged, grounds, self.source);
            match self.executor.run_in_turn(commands, metadata, rest, giver).await {
                Ok(appended) => Ok(Attempted::Made(appended)),
                Err(ExecuteError::Rejected(Rejection::Conflict {
                    aggregate_type,
                    aggregate_id,
                })) => {
                    self.source = Source::Ledger;
                    // It may be one on which only the right to give rests.
                    let moved = (aggregate_type, aggregate_id);
                    self.needs
                        .rest_on(Some(&moved).filter(|moved| caller.is_none_or(|caller| caller != *moved)));
                    Ok(Attempted::Outdated)
                }
                Err(error @ ExecuteError::Unavailable(_)) => Err(error),
                Err(_) if self.have_moved(&rests_on).await? => Ok(Attempted::Outdated),
                Err(error) => Err(error),
            }
        })
    }

    /// Prepares the next attempt: reads the ledger to its head. Fails if there were attempts for too long.
    pub async fn again(&self) -> Result<(), ExecuteError> {
        if self.began.elapsed() > PATIENCE {
            return Err(Obstacle::OutdatedEachTime.into());
        }
        let caught_up = self.executor.ledger().follower().catch_up().await;
        match caught_up {
            Ok(_position) => Ok(()),
            Err(error) => Err(ExecuteError::Unavailable(Arc::new(error))),
        }
    }

    /// Takes the turns that the attempts need. Returns whether somebody else had one of them.
    async fn take_turns(&mut self) -> Result<bool, ExecuteError> {
        let locks = &self.executor.turns;
        let more = self.turns.lack(&self.needs);
        if let Some(turns) = locks.take(more).now_or_never() {
            self.turns.and(turns);
            return Ok(false);
        }
        // Whoever waits has no turn, or two callers could wait for each other.
        self.turns = Turns::default();
        let left = PATIENCE.saturating_sub(self.began.elapsed());
        let turns = tokio::time::timeout(left, locks.take(self.needs.clone())).await;
        self.turns = turns.map_err(|_elapsed| Obstacle::Busy)?;
        Ok(true)
    }

    async fn have_moved(&self, rests_on: &RestsOn<'_>) -> Result<bool, ExecuteError> {
        let moved = rests_on.have_moved(self.executor.ledger().db()).await;
        moved.map_err(|error| ExecuteError::Unavailable(Arc::new(error)))
    }
}

/// All that a change or its refusal rests on.
struct RestsOn<'a> {
    changed: Vec<GroundStream>,
    unchanged: &'a [Seen],
    grounds: &'a Grounds,
}

impl<'a> RestsOn<'a> {
    fn of(change: &Change<'a>) -> Self {
        Self {
            changed: change.commands.iter().map(Command::stream).collect(),
            unchanged: change.unchanged,
            grounds: change.grounds,
        }
    }

    /// The same, but for the aggregates that the commands change: they are decided anew anyway.
    fn without_changed(&self) -> Self {
        Self {
            changed: Vec::new(),
            ..*self
        }
    }

    async fn have_moved(&self, mut db: &projections::sql::Db) -> Result<bool, LedgerError> {
        let streams = self.changed.iter().chain(&self.grounds.streams);
        judge::have_moved(&mut db, streams, self.grounds.position, self.unchanged).await
    }
}
