//! The next free numbers of things.

use std::sync::{Mutex, PoisonError};

use aggregates::values::{NUMBER_TAKEN, Ordinal};
use projections::ordinals::{self, Numbered};

use crate::{app::App, refusal::Refusal};

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
