//! Statements of Postgres that take arrays, in a transaction.

use super::{Array, Boxed, Error, Tx, sql};

impl Tx<'_> {
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
                    let done = statement.with_arrays(text, arrays).execute(&mut **tx).await?;
                    Ok(done.rows_affected())
                }
                Self::Sqlite(_) => Err(Error::Configuration("SQLite has no arrays".into())),
            }
        })
    }
}
