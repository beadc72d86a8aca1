//! Judges whether the caller of commands holds what their events would give.
//!
//! The authorization projection judges, so the result is of the position that this process has reached. The appender then rejects the
//! unit if a stream on which the judgement rests has moved since, and the executor asks again.

use std::sync::Arc;

use aggregates::Command;
use authorization::{Authorization, Principal};
use projections::sql::Boxed;

use super::{Appended, ExecuteError, Executor, Ledger, Metadata, Seen, executor::Decided, rest::Rest};

/// The principal whose rights limit what some commands may give.
pub(super) struct Giver {
    /// `None` if nothing limits it: the commands are the server's own.
    principal: Option<Principal>,
    /// Whether the projection has read the ledger to its head since the commands arrived.
    is_known: bool,
}

impl Giver {
    pub(super) fn of(principal: Option<Principal>) -> Self {
        Self {
            principal,
            is_known: false,
        }
    }

    /// The decision, with the grounds of the judgement. If the projection may be behind, it reads to the head before this refuses.
    pub(super) async fn judge(
        &mut self,
        ledger: &Ledger,
        mut decided: Decided,
    ) -> Result<Decided, ExecuteError> {
        let Some(giver) = self.principal else {
            return Ok(decided);
        };
        let judged = match ledger.authorization().may_give(giver, &decided.unit.events) {
            Err(_) if !self.is_known => {
                self.know(ledger).await?;
                ledger.authorization().may_give(giver, &decided.unit.events)
            }
            judged => judged,
        };
        decided.unit.grounds = judged.map_err(|lacking| ExecuteError::NotHeld {
            index: first_refused(ledger.authorization(), giver, &decided),
            lacking,
        })?;
        Ok(decided)
    }

    /// Reads to the head of the ledger what other processes have recorded.
    pub(super) async fn know(&mut self, ledger: &Ledger) -> Result<(), ExecuteError> {
        if self.principal.is_some() {
            let caught_up = ledger.follower().catch_up().await;
            caught_up.map_err(|error| ExecuteError::Unavailable(Arc::new(error)))?;
            self.is_known = true;
        }
        Ok(())
    }
}

/// The number of the first command that makes the judgement a refusal.
fn first_refused(authorization: &Authorization, giver: Principal, decided: &Decided) -> usize {
    let Some(last) = decided.ends.len().checked_sub(1).filter(|last| *last > 0) else {
        return 0;
    };
    let may_give = |end: &usize| {
        let events = decided.unit.events.get(..*end).unwrap_or_default();
        authorization.may_give(giver, events).is_ok()
    };
    // The rights may have changed since the judgement. Then no command may be refused any more.
    decided.ends.partition_point(may_give).min(last)
}

impl Executor {
    /// Like [`Executor::execute`], for the commands of a user or machine, who must hold what the events give. This is judged on the state
    /// that the events follow, so a right that the giver loses before does not count.
    pub fn execute_for<'a>(
        &'a self,
        giver: Principal,
        commands: Vec<Command>,
        metadata: &'a Metadata,
    ) -> Boxed<'a, Result<Appended, ExecuteError>> {
        Box::pin(self.run(commands, metadata, Rest::on(&[]), Some(giver)))
    }

    /// The same, for everybody if there is no giver, but returns a conflict if one of these aggregates has changed since it was seen.
    pub fn execute_for_unless_changed<'a>(
        &'a self,
        giver: Option<Principal>,
        commands: Vec<Command>,
        metadata: &'a Metadata,
        unchanged: &'a [Seen],
    ) -> Boxed<'a, Result<Appended, ExecuteError>> {
        Box::pin(self.run(commands, metadata, Rest::on(unchanged), giver))
    }
}
