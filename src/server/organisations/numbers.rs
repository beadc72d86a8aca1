//! The next free numbers of things.

use std::sync::{Mutex, PoisonError};

use aggregates::values::{NUMBER_TAKEN, Ordinal};
use projections::ordinals::{self, Numbered};

use crate::{app::App, refusal::Refusal};

/// How often another number is tried. Only other nodes can take a number that this node has found free.
const ATTEMPTS: u32 = 64;

/// The last number of each kind that this process has handed out.
#[derive(Debug, Default)]
pub(crate) struct Numbers(Mutex<[u32; Numbered::ALL.len()]>);

impl Numbers {
    /// A number that was free a moment ago, and that no other request of this process gets.
    pub(crate) async fn next(&self, app: &App, kind: Numbered) -> Result<Ordinal, Refusal> {
        let stored = ordinals::next(app.ledger().db(), kind).await?;
        let used_up = || Refusal::conflict(NUMBER_TAKEN, "all numbers are used up");
        let stored = stored.ok_or_else(used_up)?;
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let last = last.get_mut(kind as usize).ok_or_else(used_up)?;
        let number = Ordinal::new(i64::from(stored.get().max(*last + 1))).ok_or_else(used_up)?;
        *last = number.get();
        Ok(number)
    }
}

/// How often numbers were tried for one change.
#[derive(Debug, Default)]
pub(crate) struct Attempts(u32);

impl Attempts {
    /// Whether to try other numbers: another node has taken one of those that were tried.
    pub(crate) fn again<T>(&mut self, made: &Result<T, Refusal>) -> bool {
        self.0 += 1;
        matches!(made, Err(refusal) if refusal.code == NUMBER_TAKEN) && self.0 < ATTEMPTS
    }
}
