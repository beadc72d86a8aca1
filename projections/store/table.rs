//! The tables of the read models, and statements over many rows of them.
//!
//! One statement takes many rows. On Postgres, statements that write take one array for each column (see
//! [`super::one_statement`]). The text of all other statements depends on the number of rows: up to 16 exactly, above that
//! rounded up to a power of two, so that a connection keeps few prepared statements. The remaining places are filled with
//! rows without a key (upserts leave those out) or with the last key again (deletions and look-ups).

use std::fmt::Write as _;

use super::{
    one_statement,
    sql::{Argument, Error, MAX_ARGUMENTS, Read, Row, Statement, Tx, filled, placeholders, rounded, sql},
    writes::Merge,
};

/// How many rows one statement takes at most.
pub(crate) const MAX_ROWS: usize = 1_024;
/// How many rows one statement of Postgres takes at most as arrays.
const MAX_ROWS_OF_ARRAYS: usize = 16_384;

/// The kind of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// TEXT.
    Text,
    /// TEXT that may be null.
    TextOrNull,
    /// UUID on Postgres, a BLOB of 16 bytes on SQLite. Both engines sort ids by their bytes.
    Id,
    /// The same; may be null.
    IdOrNull,
    /// BIGINT.
    Int,
    /// BIGINT that may be null.
    IntOrNull,
    /// BOOLEAN.
    Bool,
    /// BYTEA or BLOB.
    Bytes,
}

/// A table of a read model. Records define it: see [`crate::record!`].
#[derive(Clone, Copy, Debug)]
pub struct Table {
    /// The name of the table.
    pub name: &'static str,
    /// The columns, in the order in which rows are bound and read. The first column is never null.
    pub columns: &'static [(&'static str, Kind)],
    /// The columns of the primary key, in order.
    pub key: &'static [&'static str],
}

impl Table {
    /// The names of the columns, separated by commas.
    pub fn column_list(&self) -> String {
        self.columns
            .iter()
            .map(|(name, _)| *name)
            .collect::<Vec<_>>()
            .join(", ")
    }

    /// The kind of a column of the table. It is an error if the table does not have the column.
    pub(crate) fn kind(&self, column: &str) -> Result<Kind, Error> {
        let found = self.columns.iter().find(|(name, _)| *name == column);
        let kind = found.map(|(_, kind)| *kind);
        kind.ok_or_else(|| unreadable(format!("the table {} has no column {column}", self.name)))
    }

    /// Where the columns of the primary key are among the columns.
    pub(crate) fn key_columns(&self) -> impl Iterator<Item = usize> {
        let place = |key| self.columns.iter().position(|(name, _)| name == key);
        self.key.iter().filter_map(place)
    }

    /// The end of an `INSERT`: what happens to a row whose key the table already has.
    pub(crate) fn on_conflict(&self, merge: Merge) -> String {
        let changes = match merge {
            Merge::New | Merge::Expected => return String::new(),
            Merge::Replace => self
                .columns
                .iter()
                .filter(|(name, _)| !self.key.contains(name))
                .map(|(name, _)| format!("{name} = excluded.{name}"))
                .collect::<Vec<_>>()
                .join(", "),
            Merge::Add(column) => format!("{column} = {}.{column} + excluded.{column}", self.name),
        };
        let change = match changes.is_empty() {
            // A row that is nothing but its key is there already.
            true => "DO NOTHING".to_owned(),
            false => format!("DO UPDATE SET {changes}"),
        };
        format!(" ON CONFLICT ({}) {change}", self.key.join(", "))
    }

    /// `INSERT` of up to `rows` rows. A row whose first column is null is left out.
    fn insert_text(&self, rows: usize, merge: Merge) -> String {
        let columns = self.columns.len();
        let picked = (1..=columns)
            .map(|n| format!("v.column{n}"))
            .collect::<Vec<_>>()
            .join(", ");
        format!(
            "INSERT INTO {} ({}) SELECT {picked} FROM (VALUES {}) AS v WHERE v.column1 IS NOT NULL{}",
            self.name,
            self.column_list(),
            placeholders(1, rows, columns),
            self.on_conflict(merge),
        )
    }

    /// `INSERT` of one row, with `?` as placeholders.
    pub(crate) fn insert_one_text(&self, merge: Merge) -> String {
        let values = vec!["?"; self.columns.len()].join(", ");
        let (name, columns, conflict) = (self.name, self.column_list(), self.on_conflict(merge));
        format!("INSERT INTO {name} ({columns}) VALUES ({values}){conflict}")
    }

    /// Writes rows, bound in the order of the table.
    pub(crate) async fn put(
        &self,
        tx: &mut Tx<'_>,
        rows: Vec<Vec<Argument<'_>>>,
        merge: Merge,
    ) -> Result<(), Error> {
        if let Tx::Postgres(_) = tx {
            for chunk in rows.chunks(MAX_ROWS_OF_ARRAYS) {
                let (text, arrays) = one_statement::insert(self, chunk, merge)?;
                tx.execute_arrays(&text, arrays).await?;
            }
            return Ok(());
        }
        let most = most_rows(self.columns.len());
        let mut rows = rows.into_iter();
        while rows.len() > 0 {
            let count = rows.len().min(most);
            let room = rounded(count);
            let mut statement = sql(self.insert_text(room, merge));
            let mut blank = Vec::new();
            for row in rows.by_ref().take(count) {
                blank = row.iter().map(null_like).collect();
                statement = statement.bind_all(row);
            }
            let blanks = std::iter::repeat_n(blank, room - count).flatten();
            tx.execute(statement.bind_all(blanks)).await?;
        }
        Ok(())
    }
}

/// Deletes the rows whose `columns` have one of these values; each key binds one value per column. `condition`
/// restricts the deletion further.
pub(crate) async fn delete(
    tx: &mut Tx<'_>,
    table: &Table,
    columns: &[&'static str],
    keys: &[Vec<Argument<'_>>],
    condition: &str,
) -> Result<(), Error> {
    if let Tx::Postgres(_) = tx {
        for chunk in keys.chunks(MAX_ROWS_OF_ARRAYS) {
            let (text, arrays) = one_statement::delete(table, columns, chunk, condition)?;
            tx.execute_arrays(&text, arrays).await?;
        }
        return Ok(());
    }
    let table = table.name;
    for chunk in keys.chunks(most_rows(columns.len())) {
        let count = rounded(chunk.len());
        let values = among(columns, count, 1);
        let statement = sql(format!("DELETE FROM {table} WHERE {values}{condition}"));
        tx.execute(statement.bind_all(filled(chunk, count).flatten().cloned()))
            .await?;
    }
    Ok(())
}

/// All rows of a table whose `columns` have one of these values; each key binds one value per column.
pub(crate) async fn select(
    db: &mut dyn Read,
    table: &Table,
    columns: &[&str],
    keys: &[Vec<Argument<'_>>],
) -> Result<Vec<Row>, Error> {
    let mut rows = Vec::new();
    for chunk in keys.chunks(most_rows(columns.len())) {
        let count = rounded(chunk.len());
        let (list, name, values) = (table.column_list(), table.name, among(columns, count, 1));
        let statement = sql(format!("SELECT {list} FROM {name} WHERE {values}"));
        rows.extend(
            db.all(statement.bind_all(filled(chunk, count).flatten().cloned()))
                .await?,
        );
    }
    Ok(rows)
}

/// `column IN ($1, $2)`, or the same for several columns; placeholders are counted from `first`.
fn among(columns: &[&str], count: usize, first: usize) -> String {
    match columns {
        [column] => format!("{column} IN ({})", numbered(first, count)),
        several => format!(
            "({}) IN (VALUES {})",
            several.join(", "),
            placeholders(first, count, several.len())
        ),
    }
}

/// All rows of `{before} ({keys}) {after}`, in as few statements as possible; without keys, there is no statement. The
/// `fixed` arguments are `$1` and so on. Rows with the same key stay together, in the order of `after`.
pub(crate) async fn select_in<'a, K>(
    db: &mut dyn Read,
    before: &str,
    keys: &[K],
    after: &str,
    fixed: &[Argument<'a>],
) -> Result<Vec<Row>, Error>
where
    K: Clone + Into<Argument<'a>>,
{
    let mut rows = Vec::new();
    for chunk in keys.chunks(MAX_ROWS) {
        let count = rounded(chunk.len());
        let list = numbered(fixed.len() + 1, count);
        let statement: Statement<'a> =
            sql(format!("{before} ({list}) {after}")).bind_all(fixed.iter().cloned());
        rows.extend(db.all(statement.bind_all(filled(chunk, count).cloned())).await?);
    }
    Ok(rows)
}

/// `$1, $2, $3`: `count` placeholders, counted from `first`.
pub(crate) fn numbered(first: usize, count: usize) -> String {
    let mut text = String::with_capacity(count * 6);
    for number in first..first + count {
        let _ = write!(text, "{}${number}", if number == first { "" } else { ", " });
    }
    text
}

/// How many rows one statement with this many columns takes at most: a power of two.
pub(crate) fn most_rows(columns: usize) -> usize {
    let fitting = MAX_ARGUMENTS / columns.max(1);
    (1 << fitting.max(1).ilog2()).min(MAX_ROWS)
}

fn null_like(argument: &Argument<'_>) -> Argument<'static> {
    match argument {
        Argument::Id(_) => Argument::Id(None),
        Argument::Int(_) => Argument::Int(None),
        Argument::Bool(_) => Argument::Bool(None),
        // A null of SQLite, which alone takes such rows, has no type.
        Argument::Bytes(_) => Argument::Text(None),
        Argument::Text(_) => Argument::Text(None),
    }
}

/// A stored value is not valid, or the program asks for a row that it did not load.
pub(crate) fn unreadable(reason: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::Decode(reason.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_come_in_few_sizes() {
        assert_eq!(
            (1..=16).map(rounded).collect::<Vec<_>>(),
            (1..=16).collect::<Vec<_>>()
        );
        assert_eq!(
            (rounded(17), rounded(32), rounded(33), rounded(1_000)),
            (32, 32, 64, 1_024)
        );
    }

    #[test]
    fn a_full_statement_fits_both_engines() {
        for columns in 1..=40 {
            let rows = most_rows(columns);
            assert!(rounded(rows) * columns <= MAX_ARGUMENTS, "{columns} columns");
        }
    }

    #[test]
    fn the_room_that_is_left_repeats_the_last() {
        assert_eq!(
            filled(&[1, 2, 3], 5).copied().collect::<Vec<_>>(),
            [1, 2, 3, 3, 3]
        );
    }
}
