//! Deciding commands without running them: what would be recorded, or why nothing would be.
//!
//! The decisions are those of the aggregates, and whether the ledger would take them is judged by the code that judges
//! appends, in a transaction that reads. Nothing is written, no lock is taken, and what is remembered for appends stays
//! as it is.

use projections::sql::Boxed;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use aggregates::Command;

use super::{
    ExecuteError, Executor, Head, Ledger, LedgerError, Metadata, NewEvent, Rejection, Unit,
    error::{Obstacle, within},
    executor::{PATIENCE, Source},
    judge::{Memory, judge},
};

/// How long judging may take.
const JUDGING: Duration = Duration::from_secs(10);

/// What commands come to.
#[derive(Clone, Debug)]
pub struct Rehearsed {
    /// What would be recorded.
    pub events: Vec<NewEvent>,
    /// Where the ledger ended when it was decided.
    pub position: i64,
}

impl Executor {
    /// Decides the commands in order as one unit, as [`Executor::execute`] would right now, and records nothing.
    pub fn rehearse<'a>(&'a self, commands: &'a [Command]) -> Boxed<'a, Result<Rehearsed, ExecuteError>> {
        Box::pin(async move {
            let metadata = Metadata::system("rehearsal");
            let began = Instant::now();
            loop {
                let unit = self.decide(commands, &metadata, Source::LedgerOnce).await?.unit;
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
                    // Somebody appended to a stream after it was loaded.
                    Err(Rejection::Conflict { .. }) if began.elapsed() <= PATIENCE => {}
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
    /// Whether a unit would be written if it came now, and where the ledger ends now.
    async fn judge(&self, unit: &Unit) -> Result<(i64, Result<(), Rejection>), LedgerError> {
        let mut tx = self.db().snapshot().await?;
        let head = Head::read_in(&mut tx).await?;
        if unit.events.is_empty() {
            // It would not come to be appended.
            return Ok((head.position, Ok(())));
        }
        let units = std::slice::from_ref(unit);
        let judged = judge(&mut tx, self.sealer(), self.guards, &mut Memory::none(), units).await?;
        let refused = judged.outcomes.into_iter().find_map(Result::err);
        Ok((head.position, refused.map_or(Ok(()), Err)))
    }
}
