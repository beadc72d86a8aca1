//! Writes refusals to their table.

use std::collections::{BTreeMap, BTreeSet};

use projections::sql::{Argument, Boxed, Read, Statement, Tx, filled, placeholders, rounded, sql};
use uuid::Uuid;

use super::{
    Refusals,
    buffer::{Grown, Row},
    columns::{COLUMNS, columns},
    names::{Clear, DAY, period_of},
};
use crate::{LedgerError, beside::Beside, seal::PeriodKey};

/// How many rows one statement writes at most.
const CHUNK: usize = 256;
/// Chunks of up to so many rows have statements of their own size.
const SMALL: usize = 16;
/// What happens to a row that is stored already: the columns that grow are written again as a whole. If an erasure has deleted the box, it
/// stays null.
const GROWN: &str = "ON CONFLICT (refusal_id) DO UPDATE SET last_at = excluded.last_at, times = excluded.times, \
     sealed = CASE WHEN refusals.sealed IS NULL THEN NULL ELSE excluded.sealed END";

/// How many refusals of a kind there were lately.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recent {
    /// The name of the kind.
    pub kind: String,
    /// How many.
    pub times: i64,
}

impl Refusals {
    /// Stores everything that is in memory.
    pub async fn store(&self) -> Result<(), LedgerError> {
        self.store_with(Grown::All, 0).await
    }

    /// Stores the rows that are new, and these of those that have grown. After failures, fewer rows are written at once, since the database
    /// may have been too slow for many.
    pub(super) async fn store_with(&self, grown: Grown, failed: u32) -> Result<(), LedgerError> {
        let _alone = self.storing.lock().await;
        self.buffer().queue(grown, self.clock.now().micros());
        let most = CHUNK >> failed.min(CHUNK.ilog2());
        loop {
            let rows = self.buffer().take(most);
            if rows.is_empty() {
                let now = self.clock.now().micros();
                self.buffer().stored(now, || self.entropy.uuid());
                return Ok(());
            }
            let mut unstored = Unstored { refusals: self, rows };
            self.write(&unstored.rows).await?;
            let new = unstored.rows.iter().filter(|row| row.is_new).count();
            self.room.wrote(new);
            unstored.rows.clear();
        }
    }

    async fn write(&self, rows: &[Row]) -> Result<(), LedgerError> {
        let mut keys = BTreeMap::new();
        for period in rows
            .iter()
            .map(|row| period_of(row.first))
            .collect::<BTreeSet<_>>()
        {
            keys.insert(period, self.period_key(period).await?);
        }
        // The rows are sorted, so that two nodes never wait for each other.
        let mut sorted: Vec<&Row> = rows.iter().collect();
        sorted.sort_by_key(|row| row.id);
        let (mut inserts, mut without_key) = (Vec::new(), Vec::new());
        for chunk in in_few_sizes(&sorted) {
            let text = format!(
                "INSERT INTO refusals ({}) VALUES {} {GROWN}",
                columns(),
                placeholders(1, chunk.len(), COLUMNS.len())
            );
            let mut insert = sql(text);
            for row in chunk {
                let key = keys.get(&period_of(row.first));
                let key = key.ok_or(LedgerError::Sealed("a period's key was not loaded"))?;
                insert = self.bound(insert, key.as_ref(), row)?;
                if key.is_none() {
                    without_key.push(row.id);
                }
            }
            inserts.push(insert);
        }
        let of_actors = rows.iter().filter_map(|row| Some((row.id, row.key.actor?)));
        let written = Written {
            inserts,
            of_actors: of_actors.collect(),
            without_key,
        };
        self.appender.beside(written).await?;
        Ok(())
    }

    fn bound(
        &self,
        insert: Statement<'static>,
        key: Option<&PeriodKey>,
        row: &Row,
    ) -> Result<Statement<'static>, LedgerError> {
        let clear = Clear::of(row);
        let text = |text: Option<&str>| Argument::from(text.map(str::to_owned));
        // Without a key, the box is deleted in the same transaction.
        let sealed = key.map_or(Ok(Vec::new()), |key| self.seal(key, row))?;
        Ok(insert
            .bind(clear.id)
            .bind(clear.first)
            .bind(clear.last)
            .bind(clear.times)
            .bind(clear.kind.to_owned())
            .bind(clear.reason.to_owned())
            .bind(clear.actor)
            .bind(clear.object)
            .bind(text(clear.object_type))
            .bind(text(clear.method))
            .bind(text(clear.path))
            .bind(period_of(clear.first))
            .bind(sealed))
    }

    /// How many refusals there were in the last day, by kind.
    pub async fn of_the_last_day(&self) -> Result<Vec<Recent>, LedgerError> {
        let since = self.clock.now().micros().saturating_sub(DAY);
        let select = sql(
            "SELECT kind, CAST(SUM(times) AS BIGINT) FROM refusals WHERE first_at >= $1 \
                          GROUP BY kind ORDER BY kind",
        );
        let rows = self.db.all(select.bind(since)).await?;
        let recent = rows.iter().map(|row| {
            Ok(Recent {
                kind: row.text(0)?,
                times: row.int(1)?,
            })
        });
        recent.collect()
    }
}

/// Rows that were taken out to be stored. If that fails, or is given up, they wait again.
struct Unstored<'a> {
    refusals: &'a Refusals,
    rows: Vec<Row>,
}

impl Drop for Unstored<'_> {
    fn drop(&mut self) {
        if !self.rows.is_empty() {
            let rows = std::mem::take(&mut self.rows);
            self.refusals.buffer().unstored(rows);
        }
    }
}

/// Rows that are written.
struct Written {
    inserts: Vec<Statement<'static>>,
    /// The rows with an actor, and their actors.
    of_actors: Vec<(Uuid, Uuid)>,
    /// The rows of days whose key is deleted.
    without_key: Vec<Uuid>,
}

impl Beside for Written {
    fn run<'a>(self: Box<Self>, tx: &'a mut Tx<'_>) -> Boxed<'a, Result<u64, LedgerError>> {
        Box::pin(async move {
            let mut written = 0;
            for insert in self.inserts {
                written += tx.execute(insert).await?;
            }
            // The erasure of a person waits until this transaction has ended, or it has ended itself: see `forget`.
            let actors: BTreeSet<Uuid> = self.of_actors.iter().map(|(_, actor)| *actor).collect();
            let erased = erased(tx, &actors).await?;
            let of_erased = self.of_actors.iter().filter(|(_, actor)| erased.contains(actor));
            let mut without_box = self.without_key;
            without_box.extend(of_erased.map(|(row, _)| *row));
            for chunk in without_box.chunks(CHUNK) {
                let count = rounded(chunk.len());
                let blank = format!(
                    "UPDATE refusals SET sealed = NULL WHERE refusal_id IN {}",
                    placeholders(1, 1, count)
                );
                tx.execute(sql(blank).bind_all(filled(chunk, count).copied()))
                    .await?;
            }
            Ok(written)
        })
    }
}

/// Chunks of the rows. Their sizes are few, so that the database prepares few statements.
pub(in super::super) fn in_few_sizes<T>(mut rows: &[T]) -> Vec<&[T]> {
    let mut chunks = Vec::new();
    while !rows.is_empty() {
        let size = match rows.len() {
            len if len <= SMALL => len,
            len => (1 << len.ilog2()).min(CHUNK),
        };
        let (chunk, rest) = rows.split_at(size);
        chunks.push(chunk);
        rows = rest;
    }
    chunks
}

/// Those of these users who were erased.
pub(super) async fn erased(db: &mut dyn Read, users: &BTreeSet<Uuid>) -> Result<BTreeSet<Uuid>, LedgerError> {
    let users: Vec<String> = users.iter().map(Uuid::to_string).collect();
    let mut erased = BTreeSet::new();
    for chunk in users.chunks(CHUNK) {
        let count = rounded(chunk.len());
        let text = format!(
            "SELECT subject FROM subject_keys WHERE wrapped_key IS NULL AND subject IN {}",
            placeholders(1, 1, count)
        );
        let select = sql(text).bind_all(filled(chunk, count).map(String::as_str));
        for row in db.all(select).await? {
            erased.extend(Uuid::try_parse(row.str(0)?));
        }
    }
    Ok(erased)
}

/// Erases what is personal in the refusals of an erased person, or of somebody who typed their name. Rows that another node is writing would
/// not be seen here, and that node may not have seen the erasure. So this waits until they are written.
pub(in super::super) async fn forget(tx: &mut Tx<'_>, subject: &str) -> Result<(), LedgerError> {
    if let Ok(actor) = Uuid::try_parse(subject) {
        tx.write_alone("refusals").await?;
        let blank = sql("UPDATE refusals SET sealed = NULL WHERE actor = $1 AND sealed IS NOT NULL");
        tx.execute(blank.bind(actor)).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_rows_are_written_in_order_with_few_statements() {
        let mut sizes = BTreeSet::new();
        for count in 0..=2 * CHUNK {
            let rows: Vec<usize> = (0..count).collect();
            let chunks = in_few_sizes(&rows);
            assert_eq!(chunks.concat(), rows);
            sizes.extend(chunks.iter().map(|chunk| chunk.len()));
        }
        assert!(
            sizes.len() <= 20 && sizes.iter().all(|size| *size <= CHUNK),
            "{sizes:?}"
        );
    }
}
