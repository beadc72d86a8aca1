//! The list of the rows that a batch writes. There are three ways to write the list: step by step in a transaction, by one
//! statement on Postgres (see [`super::one_statement`]), or row by row in SQLite's own thread.

use std::collections::BTreeSet;

use super::{
    sql::{Argument, Error, Tx},
    table::{Table, delete},
};

/// What a batch writes, in the order in which it must be written.
#[derive(Debug, Default)]
pub struct Writes<'a> {
    pub(super) steps: Vec<Step<'a>>,
}

/// Rows of one table.
#[derive(Debug)]
pub(super) struct Step<'a> {
    pub(super) table: Table,
    pub(super) action: Action<'a>,
}

#[derive(Debug)]
pub(super) enum Action<'a> {
    /// The table has these rows from now on. The arguments of a row are in the order of the table.
    Put {
        rows: Vec<Vec<Argument<'a>>>,
        merge: Merge,
    },
    /// The table no longer has rows whose `columns` have one of these values.
    Delete {
        columns: Vec<&'static str>,
        keys: Vec<Vec<Argument<'a>>>,
        /// If this names a counter: only rows whose counter is 0 are deleted.
        empty: Option<&'static str>,
    },
}

/// What happens to a row whose key the table already has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Merge {
    /// This is an error: the row must be new.
    New,
    /// The events say that the row is new. Writing a batch at once relies on this: the database need not look for an old row, and
    /// if there is one, the batch fails. Writing step by step does not rely on it: the new values replace the old ones.
    Expected,
    /// The new values replace the old ones.
    Replace,
    /// This column becomes the sum of both values; the others keep their values.
    Add(&'static str),
}

impl Merge {
    /// The same, but it does not rely on the row being new.
    fn unexpected(self) -> Self {
        match self {
            Self::Expected => Self::Replace,
            Self::New | Self::Replace | Self::Add(_) => self,
        }
    }
}

impl<'a> Writes<'a> {
    /// The table has these rows from now on.
    pub fn put(&mut self, table: Table, rows: Vec<Vec<Argument<'a>>>, merge: Merge) {
        if !rows.is_empty() {
            let action = Action::Put { rows, merge };
            self.steps.push(Step { table, action });
        }
    }

    /// The table no longer has rows whose `columns` have one of these values.
    pub fn delete(&mut self, table: Table, columns: &[&'static str], keys: Vec<Vec<Argument<'a>>>) {
        if !keys.is_empty() {
            let columns = columns.to_vec();
            let empty = None;
            let action = Action::Delete { columns, keys, empty };
            self.steps.push(Step { table, action });
        }
    }

    /// The table no longer has rows with these keys whose counter is 0.
    pub fn delete_empty(&mut self, table: Table, keys: Vec<Vec<Argument<'a>>>, counter: &'static str) {
        if !keys.is_empty() {
            let action = Action::Delete {
                columns: table.key.to_vec(),
                keys,
                empty: Some(counter),
            };
            self.steps.push(Step { table, action });
        }
    }

    /// Adds the steps of `others` after these.
    pub fn append(&mut self, others: Self) {
        self.steps.extend(others.steps);
    }

    /// Writes the steps one after the other.
    pub async fn run(self, tx: &mut Tx<'_>) -> Result<(), Error> {
        for Step { table, action } in self.steps {
            match action {
                Action::Put { rows, merge } => table.put(tx, rows, merge.unexpected()).await?,
                Action::Delete { columns, keys, empty } => {
                    delete(tx, &table, &columns, &keys, &and_is_empty(empty)).await?;
                }
            }
        }
        Ok(())
    }

    /// The steps in order, for a driver that writes one row after the other. Each step is a statement for one row, with `?` as
    /// placeholders, and the arguments of each row.
    pub(super) fn row_by_row(&self) -> impl Iterator<Item = (String, &[Vec<Argument<'a>>])> {
        self.steps.iter().map(Step::row_by_row)
    }

    /// The same, with its own copies of all values.
    pub fn into_owned(self) -> Writes<'static> {
        let steps = self.steps.into_iter().map(|Step { table, action }| Step {
            table,
            action: match action {
                Action::Put { rows, merge } => Action::Put {
                    rows: owned(rows),
                    merge,
                },
                Action::Delete { columns, keys, empty } => Action::Delete {
                    columns,
                    keys: owned(keys),
                    empty,
                },
            },
        });
        Writes {
            steps: steps.collect(),
        }
    }

    /// The tables of all steps.
    pub fn tables(&self) -> BTreeSet<&'static str> {
        self.steps.iter().map(|step| step.table.name).collect()
    }
}

fn owned(rows: Vec<Vec<Argument<'_>>>) -> Vec<Vec<Argument<'static>>> {
    let row = |row: Vec<Argument<'_>>| row.into_iter().map(Argument::into_owned).collect();
    rows.into_iter().map(row).collect()
}

impl<'a> Step<'a> {
    fn row_by_row(&self) -> (String, &[Vec<Argument<'a>>]) {
        let name = self.table.name;
        match &self.action {
            Action::Put { rows, merge } => (self.table.insert_one_text(*merge), rows),
            Action::Delete { columns, keys, empty } => {
                let (matches, is_empty) = (matching(columns), and_is_empty(*empty));
                (format!("DELETE FROM {name} WHERE {matches}{is_empty}"), keys)
            }
        }
    }
}

/// The end of a condition, so that only rows whose counter is 0 meet it.
pub(super) fn and_is_empty(counter: Option<&str>) -> String {
    counter.map_or_else(String::new, |counter| format!(" AND {counter} = 0"))
}

/// `a = ? AND b = ?`
fn matching(columns: &[&str]) -> String {
    let terms: Vec<String> = columns.iter().map(|column| format!("{column} = ?")).collect();
    terms.join(" AND ")
}
