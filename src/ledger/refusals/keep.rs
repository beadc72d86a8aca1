//! How long refusals are kept, and how long the names in them can be read.

use std::sync::atomic::{AtomicI64, Ordering};

use aggregates::values::Timestamp;
use projections::sql::{Statement, sql};

use super::{
    Refusals,
    names::{DAY, period_of},
};
use crate::{Head, LedgerError};

/// How many rows are deleted at once. Appends wait meanwhile.
const CHUNK: i64 = 250;
/// How many times that is done in a row. The rest waits for the next turn.
const CHUNKS: usize = 800;
/// Which part of the rows may be written beyond the limit until they are counted again.
const BEYOND: i64 = 100;

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
    /// Notes that new rows were written.
    pub(super) fn wrote(&self, rows: usize) {
        let rows = i64::try_from(rows).unwrap_or(i64::MAX);
        self.0.fetch_sub(rows, Ordering::Relaxed);
    }

    fn is_used(&self) -> bool {
        self.0.load(Ordering::Relaxed) <= 0
    }

    /// Notes how many rows there are. Other nodes write, too, so half of what is left is for them. At the limit, counting for each new row
    /// would cost more than some rows too many.
    fn counted(&self, rows: i64, most: i64) {
        let left = most.saturating_sub(rows) / 2;
        self.0.store(left.max(most / BEYOND), Ordering::Relaxed);
    }
}

impl Refusals {
    /// Deletes the keys of names, and the rows, that are too old, and the oldest rows if there are too many.
    pub async fn tidy(&self, keeping: &Keeping) -> Result<(), LedgerError> {
        let head = Head::read_from(&self.db).await?;
        let now = self.certain.time(
            self.clock.now().micros(),
            self.clock.elapsed(),
            head.recorded_at.micros(),
        );
        self.delete_keys(period_of(now).saturating_sub(keeping.names_days))
            .await?;
        self.delete_before(now.saturating_sub(keeping.days.saturating_mul(DAY)))
            .await?;
        if self.room.is_used() {
            let row = self.db.optional(sql("SELECT COUNT(*) FROM refusals")).await?;
            let rows = row.map(|row| row.int(0)).transpose()?.unwrap_or_default();
            let excess = rows.saturating_sub(keeping.most).max(0);
            self.delete_oldest(excess, keeping.most).await?;
            self.room.counted(rows - excess, keeping.most);
        }
        Ok(())
    }

    /// Deletes the keys of the days before this one. Their tombstones stay.
    async fn delete_keys(&self, first: i64) -> Result<(), LedgerError> {
        self.periods.forget_before(first);
        let old =
            sql("SELECT period FROM refusal_keys WHERE period < $1 AND wrapped_key IS NOT NULL LIMIT 1");
        if self.db.optional(old.bind(first)).await?.is_none() {
            return Ok(());
        }
        let delete =
            sql("UPDATE refusal_keys SET wrapped_key = NULL WHERE period < $1 AND wrapped_key IS NOT NULL");
        let days = self.appender.beside(delete.bind(first)).await?;
        let before = Timestamp::from_micros(first.saturating_mul(DAY));
        tracing::info!(
            days, %before,
            "deleted the keys of old refusals: their names and addresses cannot be read any more (AUDIT_NAMES_DAYS)"
        );
        Ok(())
    }

    /// Deletes the rows from before this time.
    async fn delete_before(&self, first: i64) -> Result<(), LedgerError> {
        let old = sql("SELECT first_at FROM refusals WHERE first_at < $1 LIMIT 1");
        if self.db.optional(old.bind(first)).await?.is_none() {
            return Ok(());
        }
        let delete = sql("DELETE FROM refusals WHERE refusal_id IN \
             (SELECT refusal_id FROM refusals WHERE first_at < $1 ORDER BY first_at, refusal_id LIMIT $2)");
        let (rows, ended) = self.delete(&delete.bind(first).bind(CHUNK), i64::MAX).await;
        if rows > 0 {
            let before = Timestamp::from_micros(first);
            tracing::info!(rows, %before, "deleted old refusals (AUDIT_REFUSALS_DAYS)");
        }
        ended
    }

    async fn delete_oldest(&self, excess: i64, most: i64) -> Result<(), LedgerError> {
        let delete = |rows: i64| {
            sql("DELETE FROM refusals WHERE refusal_id IN \
                 (SELECT refusal_id FROM refusals ORDER BY first_at, refusal_id LIMIT $1)")
            .bind(rows)
        };
        let (whole, rest) = (excess / CHUNK, excess % CHUNK);
        let (mut rows, mut ended) = self.delete(&delete(CHUNK), whole).await;
        if ended.is_ok() && rest > 0 {
            let (more, of_rest) = self.delete(&delete(rest), 1).await;
            rows += more;
            ended = of_rest;
        }
        if rows > 0 {
            tracing::info!(
                rows,
                most,
                "deleted the oldest refusals, since there are too many (AUDIT_REFUSALS_MOST)"
            );
        }
        ended
    }

    /// Runs a statement that deletes up to a chunk of rows, until it deletes less than that, and at most so many times. Returns how many
    /// rows it deleted, even if it fails at last.
    async fn delete(&self, chunk: &Statement<'static>, times: i64) -> (u64, Result<(), LedgerError>) {
        let times = usize::try_from(times).unwrap_or(CHUNKS).min(CHUNKS);
        let mut rows = 0;
        for _ in 0..times {
            match self.appender.beside(chunk.clone()).await {
                Ok(deleted) => {
                    rows += deleted;
                    if i64::try_from(deleted).unwrap_or(i64::MAX) < CHUNK {
                        break;
                    }
                }
                Err(error) => return (rows, Err(error.into())),
            }
        }
        (rows, Ok(()))
    }
}
