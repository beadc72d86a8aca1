//! Reads a whole table in the order of its key, a page at a time.

use crate::store::{
    sql::{Argument, Error, Row, Tx, placeholders, sql},
    table::{Kind, Table},
};

/// How many rows a page has.
const ROWS: i64 = 1_000;

/// Reads a table from its first row to its last.
#[derive(Debug)]
pub(super) struct Pages<'a> {
    table: &'a Table,
    /// The key of the last row that was read; `None` before the first.
    after: Option<Vec<Argument<'static>>>,
    done: bool,
}

impl<'a> Pages<'a> {
    /// Begins at the start of the table.
    pub(super) fn new(table: &'a Table) -> Self {
        Self {
            table,
            after: None,
            done: false,
        }
    }

    /// The next rows, with all columns in the table's order; empty at the end.
    pub(super) async fn next(&mut self, tx: &mut Tx<'_>) -> Result<Vec<Vec<Argument<'static>>>, Error> {
        if self.done {
            return Ok(Vec::new());
        }
        let (columns, name) = (self.table.column_list(), self.table.name);
        let key = self.table.key.join(", ");
        let statement = match self.after.take() {
            None => sql(format!(
                "SELECT {columns} FROM {name} ORDER BY {key} LIMIT {ROWS}"
            )),
            Some(after) => sql(format!(
                "SELECT {columns} FROM {name} WHERE ({key}) > {} ORDER BY {key} LIMIT {ROWS}",
                placeholders(1, 1, after.len())
            ))
            .bind_all(after),
        };
        let rows = tx.all(statement).await?;
        let rows = rows
            .iter()
            .map(|row| values(self.table, row))
            .collect::<Result<Vec<_>, _>>()?;
        self.done = i64::try_from(rows.len()).is_ok_and(|read| read < ROWS);
        self.after = rows.last().map(|row| self.key_of(row));
        Ok(rows)
    }

    fn key_of(&self, row: &[Argument<'static>]) -> Vec<Argument<'static>> {
        let place = |key: &&str| self.table.columns.iter().position(|(name, _)| name == key);
        self.table
            .key
            .iter()
            .filter_map(place)
            .filter_map(|place| row.get(place).cloned())
            .collect()
    }
}

fn values(table: &Table, row: &Row) -> Result<Vec<Argument<'static>>, Error> {
    let value = |(n, (_, kind)): (usize, &(&str, Kind))| {
        Ok(match kind {
            Kind::Text => row.text(n)?.into(),
            Kind::TextOrNull => row.text_or_null(n)?.into(),
            Kind::Id => row.id(n)?.into(),
            Kind::IdOrNull => row.id_or_null(n)?.into(),
            Kind::Int => row.int(n)?.into(),
            Kind::IntOrNull => row.int_or_null(n)?.into(),
            Kind::Bool => row.bool(n)?.into(),
            Kind::Bytes => row.bytes(n)?.into(),
            Kind::Json => row.raw_json(n)?.into(),
        })
    };
    table.columns.iter().enumerate().map(value).collect()
}
