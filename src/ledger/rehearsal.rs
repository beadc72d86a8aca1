//! Rehearses commands: decides what they would record, or why they would be rejected, without executing them.
//!
//! The aggregates decide as usual. The code that judges appends also judges whether the ledger would accept the events,
//! in a transaction that only reads. Nothing is written, no lock is taken, and the memory of the appender does not
//! change.

use projections::sql::Boxed;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use aggregates::Command;
use authorization::Principal;

use super::{
    ExecuteError, Executor, Head, Ledger, LedgerError, Metadata, NewEvent, Rejection, Unit,
    error::{Obstacle, within},
    executor::{PATIENCE, Source},
    giving::Giver,
    judge::{Memory, judge},
};

/// How long judging may take.
const JUDGING: Duration = Duration::from_secs(10);

/// The result of a rehearsal.
#[derive(Clone, Debug)]
pub struct Rehearsed {
    /// The events that would be recorded.
    pub events: Vec<NewEvent>,
    /// The position of the head when the commands were decided.
    pub position: i64,
}

impl Executor {
    /// Decides the commands in order as one unit, as [`Executor::execute`] would do right now, but records nothing.
    pub fn rehearse<'a>(&'a self, commands: &'a [Command]) -> Boxed<'a, Result<Rehearsed, ExecuteError>> {
        self.rehearse_for(None, commands)
    }

    /// The same, with the judgement of [`Executor::execute_for`] about this giver.
    pub fn rehearse_for<'a>(
        &'a self,
        giver: Option<Principal>,
        commands: &'a [Command],
    ) -> Boxed<'a, Result<Rehearsed, ExecuteError>> {
        Box::pin(async move {
            let metadata = Metadata::system("rehearsal");
            let began = Instant::now();
            let mut giver = Giver::of(giver);
            loop {
                let decided = self.decide(commands, &metadata, Source::LedgerOnce).await?;
                let unit = giver.judge(self.ledger(), decided).await?.unit;
                let judged = within(JUDGING, self.ledger().judge(&unit)).await;
                let (position, outcome) =
                    judged.map_err(|error| ExecuteError::Unavailable(Arc::new(error)))?;
                match outcome {
                    Ok(()) => {
                        return Ok(Rehearsed {
                            events: unit.events,
                            position,
                        });
                    }
                    // Another request appended to a stream after it was read.
                    Err(Rejection::Conflict { .. }) if began.elapsed() <= PATIENCE => {
                        giver.know(self.ledger()).await?;
                    }
                    Err(rejection @ Rejection::Conflict { .. }) => {
                        return Err(Obstacle::LostEveryRace(rejection).into());
                    }
                    Err(rejection) => return Err(ExecuteError::Rejected(rejection)),
                }
            }
        })
    }
}

impl Ledger {
    /// Whether the ledger would write a unit right now, and the position of the head.
    async fn judge(&self, unit: &Unit) -> Result<(i64, Result<(), Rejection>), LedgerError> {
        let mut tx = self.db().snapshot().await?;
        let head = Head::read_in(&mut tx).await?;
        if unit.events.is_empty() {
            // The executor would not append such a unit.
            return Ok((head.position, Ok(())));
        }
        let units = std::slice::from_ref(unit);
        let judged = judge(&mut tx, self.sealer(), self.guards, &mut Memory::none(), units).await?;
        let refused = judged.outcomes.into_iter().find_map(Result::err);
        Ok((head.position, refused.map_or(Ok(()), Err)))
    }
}
