//! Writes refusals to their table.

use std::collections::{BTreeMap, BTreeSet};

use projections::sql::{Argument, Statement, Tx, placeholders, sql};
use uuid::Uuid;

use super::{
    Refusals,
    buffer::Row,
    names::{Clear, DAY, period_of},
};
use crate::{LedgerError, seal::PeriodKey};

/// How many rows one statement writes at most.
const CHUNK: usize = 250;
/// The columns, in the order in which they are written.
const COLUMNS: [&str; 13] = [
    "refusal_id",
    "first_at",
    "last_at",
    "times",
    "kind",
    "reason",
    "actor",
    "object",
    "object_type",
    "method",
    "path",
    "period",
    "sealed",
];
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
    /// Stores what is in memory.
    pub async fn store(&self) -> Result<(), LedgerError> {
        let _alone = self.storing.lock().await;
        loop {
            let rows = self.buffer().take(CHUNK);
            if rows.is_empty() {
                let now = self.clock.now().micros();
                self.buffer().stored(now, || self.entropy.uuid());
                return Ok(());
            }
            let mut unstored = Unstored { refusals: self, rows };
            self.write(&unstored.rows).await?;
            self.room.wrote(unstored.rows.len());
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
        let erased = self.erased(rows).await?;
        // The rows are sorted, so that two nodes never wait for each other.
        let mut sorted: Vec<&Row> = rows.iter().collect();
        sorted.sort_by_key(|row| row.id);
        let text = format!(
            "INSERT INTO refusals ({}) VALUES {} {GROWN}",
            COLUMNS.join(", "),
            placeholders(1, sorted.len(), COLUMNS.len())
        );
        let mut insert = sql(text);
        let mut of_erased = Vec::new();
        for row in sorted {
            let key = keys.get(&period_of(row.first));
            let key = key.ok_or(LedgerError::Sealed("a period's key was not loaded"))?;
            insert = self.bound(insert, key, row)?;
            if row.key.actor.is_some_and(|actor| erased.contains(&actor)) {
                of_erased.push(row.id);
            }
        }
        let mut statements = vec![insert];
        if !of_erased.is_empty() {
            let blank = format!(
                "UPDATE refusals SET sealed = NULL WHERE refusal_id IN {}",
                placeholders(1, 1, of_erased.len())
            );
            statements.push(sql(blank).bind_all(of_erased));
        }
        self.appender.beside(statements).await?;
        Ok(())
    }

    fn bound(
        &self,
        insert: Statement<'static>,
        key: &PeriodKey,
        row: &Row,
    ) -> Result<Statement<'static>, LedgerError> {
        let clear = Clear::of(row);
        let text = |text: Option<&str>| Argument::from(text.map(str::to_owned));
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
            .bind(self.seal(key, row)?))
    }

    /// The actors of these rows who were erased.
    async fn erased(&self, rows: &[Row]) -> Result<BTreeSet<Uuid>, LedgerError> {
        let actors: BTreeSet<Uuid> = rows.iter().filter_map(|row| row.key.actor).collect();
        if actors.is_empty() {
            return Ok(BTreeSet::new());
        }
        let text = format!(
            "SELECT subject FROM subject_keys WHERE wrapped_key IS NULL AND subject IN {}",
            placeholders(1, 1, actors.len())
        );
        let select = sql(text).bind_all(actors.iter().map(Uuid::to_string));
        let rows = self.db.all(select).await?;
        let subjects = rows.iter().map(|row| Ok(Uuid::try_parse(row.str(0)?).ok()));
        let subjects: Vec<Option<Uuid>> = subjects.collect::<Result<_, LedgerError>>()?;
        Ok(subjects.into_iter().flatten().collect())
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

/// Erases what is personal in the refusals of an erased person, or of somebody who typed their name.
pub(in super::super) async fn forget(tx: &mut Tx<'_>, subject: &str) -> Result<(), LedgerError> {
    if let Ok(actor) = Uuid::try_parse(subject) {
        let blank = sql("UPDATE refusals SET sealed = NULL WHERE actor = $1 AND sealed IS NOT NULL");
        tx.execute(blank.bind(actor)).await?;
    }
    Ok(())
}
