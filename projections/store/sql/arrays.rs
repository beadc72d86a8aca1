//! Statements of Postgres that take rows as arrays.

use sqlx::{PgConnection, Row as _};

use super::{Array, Boxed, Error, Statement, Tx, sql};
use crate::store::{MarkMoves, Writes};

/// One statement that writes all steps of a batch.
pub(super) struct AtOnce<'w> {
    compare: &'w Statement<'static>,
    text: String,
    arrays: Vec<Array<'w>>,
}

impl<'w> AtOnce<'w> {
    /// The statement that writes all steps if `compare` changes one row.
    pub(super) fn of(compare: &'w Statement<'static>, writes: &'w Writes<'static>) -> Result<Self, Error> {
        let (text, arrays) = writes.one_statement(compare.text(), compare.bound() + 1)?;
        Ok(Self {
            compare,
            text,
            arrays,
        })
    }

    /// Runs the statement. Returns whether `compare` changed its row.
    pub(super) async fn run(self, connection: &mut PgConnection) -> Result<bool, Error> {
        let statement = self.compare.with_arrays(&self.text, self.arrays);
        // The row comes before the commit. sqlx reads on to the end of the answer, and returns an error if the connection ends before.
        let changed: i64 = statement.fetch_one(connection).await?.try_get(0)?;
        Ok(changed == 1)
    }
}

impl Tx<'_> {
    /// Writes a batch, if `compare` changes one row. Returns whether it did. On Postgres, this takes one statement for all
    /// steps if they [fit one](Writes::fit_one_statement).
    pub fn land(
        &mut self,
        compare: Statement<'static>,
        writes: Writes<'static>,
        marks: MarkMoves,
    ) -> Boxed<'_, Result<bool, Error>> {
        Box::pin(async move {
            let changed = match self {
                Self::Postgres(tx) if writes.fit_one_statement() => {
                    let statement = AtOnce::of(&compare, &writes)?;
                    let (place, connection) = tx.parts();
                    place.unless_moved(statement.run(connection)).await?
                }
                Self::Postgres(_) | Self::Sqlite(_) => {
                    let changed = self.execute(compare).await? == 1;
                    if changed {
                        writes.run(self).await?;
                    }
                    changed
                }
            };
            if changed {
                marks.write(self).await?;
            }
            Ok(changed)
        })
    }

    /// Runs a statement of Postgres whose placeholders take arrays, and returns how many rows it changed.
    pub(crate) fn execute_arrays<'a>(
        &'a mut self,
        text: &'a str,
        arrays: Vec<Array<'a>>,
    ) -> Boxed<'a, Result<u64, Error>> {
        Box::pin(async move {
            let statement = sql(text);
            match self {
                Self::Postgres(tx) => {
                    let (place, connection) = tx.parts();
                    let executed = statement.with_arrays(text, arrays).execute(connection);
                    Ok(place.unless_moved(executed).await?.rows_affected())
                }
                Self::Sqlite(_) => Err(Error::Configuration("SQLite has no arrays".into())),
            }
        })
    }
}
