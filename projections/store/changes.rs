//! What a batch of events changes: loading, changing and writing rows.

use std::{
    any::{Any, TypeId},
    collections::{BTreeSet, VecDeque},
    fmt::Display,
};

use aggregates::values::UserId;

use super::{
    column::Column,
    lists::{MarkMoves, Moves},
    pending::{Lookup, Pending, RowWrites, Rows},
    record::{Record, Set, indexes, indexes_to_write},
    sql::{Error, Read, Tx},
    table::{Table, select, unreadable},
    writes::Writes,
};

/// The rows that a batch touches, in each table of a registry.
#[derive(Debug)]
pub struct Changes {
    /// The tables, in the order in which they are loaded and written.
    tables: VecDeque<Pile>,
}

#[derive(Debug)]
struct Pile {
    record: TypeId,
    rows: Box<dyn Rows>,
}

impl Pile {
    /// Loads the rows that were asked for.
    async fn look_up(&mut self, db: &mut dyn Read) -> Result<(), Error> {
        let table = self.rows.table();
        for Lookup { columns, keys } in self.rows.lookups() {
            self.rows.load(&select(db, &table, &columns, &keys).await?)?;
        }
        Ok(())
    }
}

/// A type of records that a read model registers.
#[derive(Clone, Copy, Debug)]
pub struct RecordType {
    /// The table.
    pub table: Table,
    /// The columns with which its indexes must begin.
    pub indexes: fn() -> Vec<Vec<&'static str>>,
    /// The same, but only for the indexes that a batch of events needs.
    pub indexes_to_write: fn() -> Vec<Vec<&'static str>>,
    empty: fn() -> Pile,
}

impl RecordType {
    /// Records of this type.
    pub const fn of<R: Record>() -> Self {
        Self {
            table: R::TABLE,
            indexes: indexes::<R>,
            indexes_to_write: indexes_to_write::<R>,
            empty: || Pile {
                record: TypeId::of::<R>(),
                rows: Box::new(Pending::<R>::default()),
            },
        }
    }
}

/// Asks for the rows that events change, before the first event is folded. If events create or delete a row as a whole,
/// the row is not needed.
#[derive(Debug)]
pub struct Needs<'a>(&'a mut Changes);

impl Needs<'_> {
    /// An event changes this row.
    pub fn row<R: Record>(&mut self, key: R::Key) {
        if let Ok(rows) = self.0.rows_mut::<R>() {
            rows.ask(key);
        }
    }

    /// An event creates this row, or is the first that may: the table does not have it. Later events of the batch may
    /// change the row without a look-up.
    pub fn new_row<R: Record>(&mut self, key: R::Key) {
        if let Ok(rows) = self.0.rows_mut::<R>() {
            rows.absent(key);
        }
    }

    /// An event changes or removes all rows of this set.
    pub fn all<R: Record, V: Column + Display>(&mut self, set: Set<R, V>, value: &V) {
        if let Ok(rows) = self.0.rows_mut::<R>() {
            rows.ask_all(set, value);
        }
    }
}

impl Changes {
    pub(super) fn new(records: impl Iterator<Item = RecordType>) -> Self {
        Self {
            tables: records.map(|record| (record.empty)()).collect(),
        }
    }

    pub(super) fn needs(&mut self) -> Needs<'_> {
        Needs(self)
    }

    /// The row after the events so far. It is an error to ask for a row that was not loaded.
    pub fn get<R: Record>(&self, key: &R::Key) -> Result<Option<&R>, Error> {
        self.rows::<R>()?.get(key)
    }

    /// The row, for changing it; it will be written. It is an error to ask for a row that was not loaded.
    pub fn change<R: Record>(&mut self, key: &R::Key) -> Result<Option<&mut R>, Error> {
        self.rows_mut::<R>()?.change(key)
    }

    /// Puts a row into the table. If lists count the row, it must have been loaded or be new.
    pub fn put<R: Record>(&mut self, row: R) -> Result<(), Error> {
        self.rows_mut()?.put(row)
    }

    /// Puts a new row into the table: the state of its aggregate says that the table does not have it. So the database need not
    /// look for an old row. If lists count the row, ask for it by [`Needs::new_row`] and call [`Self::put`].
    pub fn put_new<R: Record>(&mut self, row: R) -> Result<(), Error> {
        self.rows_mut()?.put_new(row);
        Ok(())
    }

    /// Removes a row and returns it. It is an error to remove a row that was not loaded.
    pub fn remove<R: Record>(&mut self, key: &R::Key) -> Result<Option<R>, Error> {
        self.rows_mut::<R>()?.remove(key)
    }

    /// Deletes a row, whether the table has it or not. If lists count the row, call [`Self::remove`] instead.
    pub fn delete<R: Record>(&mut self, key: R::Key) -> Result<(), Error> {
        self.rows_mut::<R>()?.delete(key);
        Ok(())
    }

    /// Removes all rows of a set with one statement, and returns them. It is an error if the set was not loaded.
    pub fn remove_all<R, V>(&mut self, set: Set<R, V>, value: &V) -> Result<Vec<R>, Error>
    where
        R: Record,
        V: Column + Display + PartialEq,
    {
        self.rows_mut::<R>()?.remove_all(set, value)
    }

    /// Removes those rows of a set that `is_gone` names. It is an error if the set was not loaded.
    pub fn remove_some<R, V>(
        &mut self,
        set: Set<R, V>,
        value: &V,
        is_gone: impl Fn(&R) -> bool,
    ) -> Result<(), Error>
    where
        R: Record,
        V: Column + Display + PartialEq,
    {
        self.rows_mut::<R>()?.remove_some(set, value, is_gone)
    }

    /// Changes each row of a set. The batch must have asked for the set.
    pub fn change_all<R, V>(
        &mut self,
        set: Set<R, V>,
        value: &V,
        change: impl Fn(&mut R),
    ) -> Result<(), Error>
    where
        R: Record,
        V: Column + Display + PartialEq,
    {
        self.rows_mut::<R>()?.change_all(set, value, change)
    }

    /// Deletes all rows of a set with one statement, whether the table has such rows or not.
    pub fn delete_all<R, V>(&mut self, set: Set<R, V>, value: &V) -> Result<(), Error>
    where
        R: Record,
        V: Column + Display + PartialEq,
    {
        self.rows_mut::<R>()?.purge(set, value);
        Ok(())
    }

    /// Loads the rows that the events need, with at most one look-up for the keys and one for each set column of a table.
    pub(super) async fn load(&mut self, db: &mut dyn Read) -> Result<(), Error> {
        let mut loaded = VecDeque::with_capacity(self.tables.len());
        while let Some(pile) = self.tables.pop_front() {
            loaded.push_back(self.load_pile(db, pile).await?);
        }
        self.tables = loaded;
        Ok(())
    }

    /// Like [`Changes::load`]. But if the events need rows of a table that is `in_flux`, this stops and returns `false`.
    pub(super) async fn load_unless_in_flux(
        &mut self,
        db: &mut dyn Read,
        in_flux: &BTreeSet<&'static str>,
    ) -> Result<bool, Error> {
        let mut loaded = VecDeque::with_capacity(self.tables.len());
        while let Some(pile) = self.tables.pop_front() {
            let in_flux = in_flux.contains(pile.rows.table().name);
            if in_flux && pile.rows.lookups().iter().any(|lookup| !lookup.keys.is_empty()) {
                return Ok(false);
            }
            loaded.push_back(self.load_pile(db, pile).await?);
        }
        self.tables = loaded;
        Ok(true)
    }

    /// Loads the rows of one table. They may need other rows; these are in later tables.
    async fn load_pile(&mut self, db: &mut dyn Read, mut pile: Pile) -> Result<Pile, Error> {
        pile.look_up(db).await?;
        pile.rows.loaded(&mut Needs(self));
        Ok(pile)
    }

    /// Writes all changes.
    pub(super) async fn write(self, tx: &mut Tx<'_>) -> Result<(), Error> {
        let mut writes = Writes::default();
        let marks = self.list(&mut writes);
        writes.run(tx).await?;
        marks.write(tx).await
    }

    /// Adds all changes to what a batch writes. For each table: first the sets to delete, then the single rows to delete,
    /// then the rows to write. Last come the counts of lists. Returns the counts that can be made only from the written rows.
    pub fn list<'a>(&'a self, writes: &mut Writes<'a>) -> MarkMoves {
        let mut moves = Moves::default();
        for Pile { rows, .. } in &self.tables {
            let table = rows.table();
            let RowWrites {
                purged,
                gone,
                rows: put,
                merge,
            } = rows.writes();
            for Lookup { columns, keys } in purged {
                writes.delete(table, &columns, keys);
            }
            writes.delete(table, table.key, gone);
            writes.put(table, put, merge);
            rows.moves(&mut moves);
        }
        moves.write(writes)
    }

    /// Blanks the personal data about a user in all tables.
    pub(super) async fn blank(&mut self, tx: &mut Tx<'_>, user: UserId) -> Result<(), Error> {
        for pile in &mut self.tables {
            pile.rows.need_personal(user);
            pile.look_up(tx).await?;
            pile.rows.blank();
        }
        Ok(())
    }

    fn rows<R: Record>(&self) -> Result<&Pending<R>, Error> {
        self.tables
            .iter()
            .find(|pile| pile.record == TypeId::of::<R>())
            .and_then(|pile| (&*pile.rows as &dyn Any).downcast_ref())
            .ok_or_else(not_registered::<R>)
    }

    fn rows_mut<R: Record>(&mut self) -> Result<&mut Pending<R>, Error> {
        self.tables
            .iter_mut()
            .find(|pile| pile.record == TypeId::of::<R>())
            .and_then(|pile| (&mut *pile.rows as &mut dyn Any).downcast_mut())
            .ok_or_else(not_registered::<R>)
    }
}

fn not_registered<R: Record>() -> Error {
    unreadable(format!("no read model registers the table {}", R::TABLE.name))
}
