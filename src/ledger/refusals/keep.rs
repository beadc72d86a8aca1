//! How long refusals are kept, and how long the names in them can be read.

use std::sync::atomic::{AtomicI64, Ordering};

use aggregates::values::Timestamp;
use projections::sql::{Statement, filled, placeholders, rounded, sql};
use uuid::Uuid;

use super::{
    Refusals,
    names::{DAY, period_of},
    read::Below,
    refused::RefusedKind,
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
    /// How many rows at most. The oldest go first, but half of the rows are for proven callers, and half for strangers.
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

/// Whose rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Whose {
    /// Of actors who proved who they are.
    Proven,
    /// Of all others. They cost a stranger nothing.
    Strangers,
}

impl Whose {
    /// The condition of a statement.
    fn condition(self) -> String {
        let kinds = RefusedKind::ALL.iter().filter(|kind| kind.is_proven());
        let kinds: Vec<_> = kinds.map(|kind| format!("'{}'", kind.as_str())).collect();
        let proven = format!("(actor IS NOT NULL AND kind IN ({}))", kinds.join(", "));
        match self {
            Self::Proven => proven,
            Self::Strangers => format!("NOT {proven}"),
        }
    }
}

/// How many rows of proven callers, and how many of strangers, are too many. Each of both may have half of the rows, and what the other one
/// leaves.
fn too_many(proven: i64, strangers: i64, most: i64) -> (i64, i64) {
    let kept = proven.min(most.saturating_sub(strangers).max(most / 2));
    let others = strangers.min(most.saturating_sub(kept));
    (proven.saturating_sub(kept), strangers.saturating_sub(others))
}

impl Refusals {
    /// Deletes the keys of names, and the rows, that are too old, and the oldest rows if there are too many.
    pub async fn tidy(&self, keeping: &Keeping) -> Result<(), LedgerError> {
        let head = Head::read_from(&self.db).await?;
        let now = self.certain.time(
            self.clock.now().micros(),
            self.clock.elapsed(),
            // Without an event, the head has no time.
            (head.position > 0).then(|| head.recorded_at.micros()),
        );
        self.delete_keys(period_of(now).saturating_sub(keeping.names_days))
            .await?;
        self.delete_before(now.saturating_sub(keeping.days.saturating_mul(DAY)))
            .await?;
        if self.room.is_used() {
            let rows = self.count("TRUE").await?;
            if rows > keeping.most {
                let proven = self.count(&Whose::Proven.condition()).await?;
                let (proven, strangers) = too_many(proven, rows.saturating_sub(proven), keeping.most);
                self.delete_oldest(Whose::Strangers, strangers, keeping.most)
                    .await?;
                self.delete_oldest(Whose::Proven, proven, keeping.most).await?;
            }
            self.room.counted(rows.min(keeping.most), keeping.most);
        }
        Ok(())
    }

    /// How many rows fulfil a condition.
    async fn count(&self, condition: &str) -> Result<i64, LedgerError> {
        let count = sql(format!("SELECT COUNT(*) FROM refusals WHERE {condition}"));
        let row = self.db.optional(count).await?;
        Ok(row.map(|row| row.int(0)).transpose()?.unwrap_or_default())
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
        let (rows, ended) = self.delete(&delete.bind(first).bind(CHUNK)).await;
        if rows > 0 {
            let before = Timestamp::from_micros(first);
            tracing::info!(rows, %before, "deleted old refusals (AUDIT_REFUSALS_DAYS)");
        }
        ended
    }

    async fn delete_oldest(&self, whose: Whose, excess: i64, most: i64) -> Result<(), LedgerError> {
        let (rows, ended) = self.delete_of(whose, excess).await;
        if rows > 0 {
            tracing::info!(
                rows,
                most,
                ?whose,
                "deleted the oldest refusals, since there are too many (AUDIT_REFUSALS_MOST)"
            );
        }
        ended
    }

    /// Deletes the oldest of these rows. Returns how many it deleted, even if it fails at last.
    ///
    /// A statement of its own finds them, from where the last one ended: rows of the others may lie before them, and appends must not wait until
    /// they are skipped.
    async fn delete_of(&self, whose: Whose, excess: i64) -> (u64, Result<(), LedgerError>) {
        let (mut above, mut left, mut deleted) = (Below::LOWEST, excess, 0);
        for _ in 0..CHUNKS {
            if left <= 0 {
                break;
            }
            let (ids, last) = match self.oldest_above(whose, above, left.min(CHUNK)).await {
                Ok(found) => found,
                Err(error) => return (deleted, Err(error)),
            };
            let Some(last) = last else { break };
            let count = rounded(ids.len());
            let text = format!(
                "DELETE FROM refusals WHERE refusal_id IN {}",
                placeholders(1, 1, count)
            );
            let delete = sql(text).bind_all(filled(&ids, count).copied());
            match self.appender.beside(delete).await {
                Ok(rows) => deleted += rows,
                Err(error) => return (deleted, Err(error.into())),
            }
            left = left.saturating_sub(CHUNK);
            above = last;
        }
        (deleted, Ok(()))
    }

    /// The ids of up to `limit` of these rows above a place, the oldest first, and the place of the last one.
    async fn oldest_above(
        &self,
        whose: Whose,
        above: Below,
        limit: i64,
    ) -> Result<(Vec<Uuid>, Option<Below>), LedgerError> {
        let text = format!(
            "SELECT refusal_id, first_at FROM refusals WHERE (first_at, refusal_id) > ($1, $2) AND {} \
             ORDER BY first_at, refusal_id LIMIT $3",
            whose.condition()
        );
        let select = sql(text).bind(above.micros).bind(above.id).bind(limit);
        let (mut ids, mut last) = (Vec::new(), None);
        for row in self.db.all(select).await? {
            let place = Below {
                micros: row.int(1)?,
                id: row.id(0)?,
            };
            ids.push(place.id);
            last = Some(place);
        }
        Ok((ids, last))
    }

    /// Runs a statement that deletes up to a chunk of rows, until it deletes less than that. Returns how many rows it deleted, even if it
    /// fails at last.
    async fn delete(&self, chunk: &Statement<'static>) -> (u64, Result<(), LedgerError>) {
        let mut rows = 0;
        for _ in 0..CHUNKS {
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn each_has_half_and_what_the_other_one_leaves() {
        for (proven, strangers, expected) in [
            (3, 2_000, (0, 1_003)),
            (2_000, 3, (1_003, 0)),
            (2_000, 2_000, (1_500, 1_500)),
            (400, 700, (0, 100)),
            (700, 400, (100, 0)),
            (500, 501, (0, 1)),
            (0, 0, (0, 0)),
        ] {
            assert_eq!(
                too_many(proven, strangers, 1_000),
                expected,
                "{proven} {strangers}"
            );
        }
    }

    proptest! {
        #[test]
        fn exactly_what_is_too_much_is_deleted(proven in 0_i64..100, strangers in 0_i64..100, most in 0_i64..150) {
            let (of_proven, of_strangers) = too_many(proven, strangers, most);
            prop_assert_eq!(of_proven + of_strangers, (proven + strangers - most).max(0));
            prop_assert!((0..=proven).contains(&of_proven) && (0..=strangers).contains(&of_strangers));
            prop_assert!(of_proven == 0 || proven - of_proven >= most / 2);
            prop_assert!(of_strangers == 0 || strangers - of_strangers >= most / 2);
        }
    }
}
