//! How long refusals are kept, and how long the names in them can be read.

use std::sync::atomic::{AtomicI64, Ordering};

use projections::sql::{Statement, sql};

use super::{
    Refusals,
    names::{DAY, period_of},
};
use crate::LedgerError;

/// How many rows are deleted at once.
const CHUNK: i64 = 1_000;
/// How many times that is done in a row. The rest waits for the next turn.
const CHUNKS: usize = 200;

/// How long refusals are kept.
#[derive(Clone, Copy, Debug)]
pub struct Keeping {
    /// For how many days.
    pub days: i64,
    /// How many rows at most. The oldest go first.
    pub most: i64,
    /// For how many days names and addresses can be read. The day on which they were typed does not count.
    pub names_days: i64,
}

/// How many rows may be written until they must be counted again.
#[derive(Debug, Default)]
pub(super) struct Room(AtomicI64);

impl Room {
    /// Notes that rows were written. They may have been there before.
    pub(super) fn wrote(&self, rows: usize) {
        let rows = i64::try_from(rows).unwrap_or(i64::MAX);
        self.0.fetch_sub(rows, Ordering::Relaxed);
    }

    fn is_used(&self) -> bool {
        self.0.load(Ordering::Relaxed) <= 0
    }

    /// Notes how many rows there are. Other nodes write, too, so half of what is left is for them.
    fn counted(&self, rows: i64, most: i64) {
        let left = most.saturating_sub(rows).max(0) / 2;
        self.0.store(left, Ordering::Relaxed);
    }
}

impl Refusals {
    /// Deletes the keys of names, and the rows, that are too old, and the oldest rows if there are too many.
    pub async fn tidy(&self, keeping: &Keeping) -> Result<(), LedgerError> {
        let now = self.clock.now().micros();
        let first_named = period_of(now).saturating_sub(keeping.names_days);
        self.periods.forget_before(first_named);
        let old_keys = sql("SELECT period FROM refusal_keys WHERE period < $1 LIMIT 1");
        if self.db.optional(old_keys.bind(first_named)).await?.is_some() {
            let delete = sql("DELETE FROM refusal_keys WHERE period < $1");
            self.appender.beside(vec![delete.bind(first_named)]).await?;
        }
        let first_kept = now.saturating_sub(keeping.days.saturating_mul(DAY));
        let old_rows = sql("SELECT first_at FROM refusals WHERE first_at < $1 LIMIT 1");
        if self.db.optional(old_rows.bind(first_kept)).await?.is_some() {
            let delete = sql("DELETE FROM refusals WHERE refusal_id IN \
                 (SELECT refusal_id FROM refusals WHERE first_at < $1 ORDER BY first_at, refusal_id LIMIT $2)");
            self.delete(&delete.bind(first_kept).bind(CHUNK), i64::MAX)
                .await?;
        }
        if self.room.is_used() {
            let row = self.db.optional(sql("SELECT COUNT(*) FROM refusals")).await?;
            let rows = row.map(|row| row.int(0)).transpose()?.unwrap_or_default();
            let excess = rows.saturating_sub(keeping.most).max(0);
            self.delete_oldest(excess).await?;
            self.room.counted(rows - excess, keeping.most);
        }
        Ok(())
    }

    async fn delete_oldest(&self, rows: i64) -> Result<(), LedgerError> {
        let delete = || {
            sql("DELETE FROM refusals WHERE refusal_id IN \
                 (SELECT refusal_id FROM refusals ORDER BY first_at, refusal_id LIMIT $1)")
        };
        let (whole, rest) = (rows / CHUNK, rows % CHUNK);
        if whole > 0 {
            self.delete(&delete().bind(CHUNK), whole).await?;
        }
        if rest > 0 {
            self.delete(&delete().bind(rest), 1).await?;
        }
        Ok(())
    }

    /// Runs a statement that deletes up to a chunk of rows, until it deletes less than that, and at most so many times.
    async fn delete(&self, chunk: &Statement<'static>, times: i64) -> Result<(), LedgerError> {
        let times = usize::try_from(times).unwrap_or(CHUNKS).min(CHUNKS);
        for _ in 0..times {
            let deleted = self.appender.beside(vec![chunk.clone()]).await?;
            if i64::try_from(deleted).unwrap_or(i64::MAX) < CHUNK {
                return Ok(());
            }
        }
        Ok(())
    }
}
