//! The rows of a table after a batch of events, before they are written.

use std::{
    any::Any,
    collections::{BTreeMap, BTreeSet},
    fmt::{Debug, Display},
};

use aggregates::values::UserId;

use super::{
    changes::Needs,
    column::Column,
    lists::{Entry, Moves},
    record::{Record, Set, is_listed},
    sql::{Argument, Error, Row},
    table::{Table, unreadable},
    writes::Merge,
};

/// Values of one column, by their text.
type Values = BTreeMap<String, Argument<'static>>;

/// The rows of one table that a batch touches: those loaded, changed, made and removed.
#[derive(Debug)]
pub(crate) struct Pending<R: Record> {
    slots: BTreeMap<R::Key, Slot<R>>,
    /// Keys to load.
    asked: BTreeSet<R::Key>,
    /// Sets that are loaded, by column.
    sets: BTreeMap<&'static str, Values>,
    /// Sets that are deleted, by column. This concerns the rows that the table had before the batch: rows that the
    /// batch created itself are removed from `slots` at the same time, and rows that it creates later stay.
    purged: BTreeMap<&'static str, Values>,
}

#[derive(Debug)]
struct Slot<R> {
    /// `None`: the table does not have the row, or the batch removes it.
    row: Option<R>,
    /// What the lists count for the row in the table.
    listed: Option<Entry>,
    /// Whether the row must be written.
    touched: bool,
    /// Whether the table does not have the row, as far as the events and the look-ups say.
    is_new: bool,
}

/// A look-up in a table: the rows whose `columns` have one of these values.
pub(crate) struct Lookup {
    pub(crate) columns: Vec<&'static str>,
    pub(crate) keys: Vec<Vec<Argument<'static>>>,
}

/// What to write to a table.
pub(crate) struct RowWrites<'a> {
    /// Columns with the values whose rows are deleted first.
    pub(crate) purged: Vec<Lookup>,
    /// The primary keys of the rows that are deleted next.
    pub(crate) gone: Vec<Vec<Argument<'static>>>,
    /// The rows to write.
    pub(crate) rows: Vec<Vec<Argument<'a>>>,
    /// What happens to a row whose key the table already has.
    pub(crate) merge: Merge,
}

/// Pending rows of any table. Nothing here reads or writes the database.
pub(crate) trait Rows: Any + Debug + Send + Sync {
    /// The table.
    fn table(&self) -> Table;
    /// The look-ups that must be made: one for the keys, and one for each column of sets.
    fn lookups(&self) -> Vec<Lookup>;
    /// Takes rows that were looked up.
    fn load(&mut self, rows: &[Row]) -> Result<(), Error>;
    /// Ends the loading: rows that were asked for but not found do not exist. Asks for the rows that the loaded rows
    /// need.
    fn loaded(&mut self, needs: &mut Needs<'_>);
    /// The changes of lists by the batch.
    fn moves(&self, moves: &mut Moves);
    /// What to write.
    fn writes(&self) -> RowWrites<'_>;
    /// Asks for the rows with personal columns about a user.
    fn need_personal(&mut self, user: UserId);
    /// Blanks the personal columns of all rows that were loaded.
    fn blank(&mut self);
}

impl<R: Record> Default for Pending<R> {
    fn default() -> Self {
        Self {
            slots: BTreeMap::new(),
            asked: BTreeSet::new(),
            sets: BTreeMap::new(),
            purged: BTreeMap::new(),
        }
    }
}

impl<R: Record> Pending<R> {
    /// Asks for a row.
    pub(super) fn ask(&mut self, key: R::Key) {
        if !self.slots.contains_key(&key) {
            self.asked.insert(key);
        }
    }

    /// Notes that the table does not have this row before the batch, so no look-up is needed.
    pub(super) fn absent(&mut self, key: R::Key) {
        if !self.asked.contains(&key) {
            self.slots.entry(key).or_insert(Slot {
                row: None,
                listed: None,
                touched: false,
                is_new: true,
            });
        }
    }

    /// Asks for a set of rows.
    pub(super) fn ask_all<V: Column + Display>(&mut self, set: Set<R, V>, value: &V) {
        let values = self.sets.entry(set.column).or_default();
        values.insert(value.to_string(), value.bind().into_owned());
    }

    pub(super) fn get(&self, key: &R::Key) -> Result<Option<&R>, Error> {
        let slot = self.slots.get(key).ok_or_else(never_loaded::<R>)?;
        Ok(slot.row.as_ref())
    }

    pub(super) fn change(&mut self, key: &R::Key) -> Result<Option<&mut R>, Error> {
        let slot = self.slots.get_mut(key).ok_or_else(never_loaded::<R>)?;
        slot.touched |= slot.row.is_some();
        Ok(slot.row.as_mut())
    }

    pub(super) fn put(&mut self, row: R) -> Result<(), Error> {
        // If the row was not loaded, nobody knows whether a list counts it already.
        if is_listed::<R>() && !self.slots.contains_key(&row.key()) {
            return Err(never_loaded::<R>());
        }
        self.fill(row, false);
        Ok(())
    }

    pub(super) fn put_new(&mut self, row: R) {
        const { assert!(!is_listed::<R>(), "ask for the row by `new_row`: lists count it") };
        self.fill(row, true);
    }

    fn fill(&mut self, row: R, is_new: bool) {
        let slot = self.slots.entry(row.key()).or_insert(Slot {
            row: None,
            listed: None,
            touched: true,
            is_new,
        });
        slot.touched = true;
        slot.row = Some(row);
    }

    pub(super) fn remove(&mut self, key: &R::Key) -> Result<Option<R>, Error> {
        let slot = self.slots.get_mut(key).ok_or_else(never_loaded::<R>)?;
        slot.touched |= slot.row.is_some();
        Ok(slot.row.take())
    }

    pub(super) fn delete(&mut self, key: R::Key) {
        const { assert!(!is_listed::<R>(), "to remove a row from its lists, load it") };
        self.slots.insert(
            key,
            Slot {
                row: None,
                listed: None,
                touched: true,
                is_new: false,
            },
        );
    }

    pub(super) fn remove_all<V>(&mut self, set: Set<R, V>, value: &V) -> Result<Vec<R>, Error>
    where
        V: Column + Display + PartialEq,
    {
        self.must_be_loaded(set.column, value)?;
        let is_of_set = |slot: &Slot<R>| slot.row.as_ref().is_some_and(|row| (set.value)(row) == value);
        if !self.slots.values().any(is_of_set) {
            return Ok(Vec::new());
        }
        Ok(self.purge(set, value))
    }

    pub(super) fn remove_some<V: Column + Display + PartialEq>(
        &mut self,
        set: Set<R, V>,
        value: &V,
        is_gone: impl Fn(&R) -> bool,
    ) -> Result<(), Error> {
        self.must_be_loaded(set.column, value)?;
        for slot in self.slots.values_mut() {
            if let Some(row) = &slot.row
                && (set.value)(row) == value
                && is_gone(row)
            {
                slot.touched = true;
                slot.row = None;
            }
        }
        Ok(())
    }

    /// Changes each row of a set that was asked for.
    pub(super) fn change_all<V: Column + Display + PartialEq>(
        &mut self,
        set: Set<R, V>,
        value: &V,
        change: impl Fn(&mut R),
    ) -> Result<(), Error> {
        self.must_be_loaded(set.column, value)?;
        for slot in self.slots.values_mut() {
            if let Some(row) = &mut slot.row
                && (set.value)(row) == value
            {
                slot.touched = true;
                change(row);
            }
        }
        Ok(())
    }

    fn must_be_loaded(&self, column: &'static str, value: &impl Display) -> Result<(), Error> {
        let loaded = self.sets.get(column);
        match loaded.is_some_and(|values| values.contains_key(&value.to_string())) {
            true => Ok(()),
            false => Err(never_loaded::<R>()),
        }
    }

    /// Deletes a set of rows, whether the table has such rows or not. Returns those that were loaded or created.
    pub(super) fn purge<V>(&mut self, set: Set<R, V>, value: &V) -> Vec<R>
    where
        V: Column + Display + PartialEq,
    {
        const { assert!(!is_listed::<R>(), "to remove rows from their lists, load each") };
        let values = self.purged.entry(set.column).or_default();
        values.insert(value.to_string(), value.bind().into_owned());
        self.slots
            .extract_if(.., |_, slot| {
                slot.row.as_ref().is_some_and(|row| (set.value)(row) == value)
            })
            .filter_map(|(_, slot)| slot.row)
            .collect()
    }
}

impl<R: Record> Rows for Pending<R> {
    fn table(&self) -> Table {
        R::TABLE
    }

    fn lookups(&self) -> Vec<Lookup> {
        let keys = Lookup {
            columns: R::TABLE.key.to_vec(),
            keys: self.asked.iter().map(R::bind_key).collect(),
        };
        let sets = self.sets.iter().map(of_column);
        std::iter::once(keys).chain(sets).collect()
    }

    fn load(&mut self, rows: &[Row]) -> Result<(), Error> {
        for row in rows {
            let row = R::read(row)?;
            let slot = Slot {
                listed: Entry::of(&row)?,
                row: Some(row),
                touched: false,
                is_new: false,
            };
            if let Some(row) = &slot.row {
                self.slots.insert(row.key(), slot);
            }
        }
        Ok(())
    }

    fn loaded(&mut self, needs: &mut Needs<'_>) {
        for row in self.slots.values().filter_map(|slot| slot.row.as_ref()) {
            row.then_needs(needs);
        }
        for key in std::mem::take(&mut self.asked) {
            self.absent(key);
        }
    }

    fn moves(&self, moves: &mut Moves) {
        if !is_listed::<R>() {
            return;
        }
        for slot in self.slots.values().filter(|slot| slot.touched) {
            // A row that was read has an ordinal: see `Entry::of`.
            let now = slot.row.as_ref().and_then(|row| Entry::of(row).ok().flatten());
            moves.replace::<R>(slot.listed.as_ref(), now.as_ref());
        }
    }

    fn writes(&self) -> RowWrites<'_> {
        let (mut rows, mut gone) = (Vec::new(), Vec::new());
        let mut merge = Merge::Expected;
        for (key, slot) in self.slots.iter().filter(|(_, slot)| slot.touched) {
            match &slot.row {
                Some(row) => {
                    rows.push(row.bind());
                    // One step writes all rows of a table, and so there are fewer different statements.
                    if !slot.is_new {
                        merge = Merge::Replace;
                    }
                }
                None => gone.push(R::bind_key(key)),
            }
        }
        RowWrites {
            purged: self.purged.iter().map(of_column).collect(),
            gone,
            rows,
            merge,
        }
    }

    fn need_personal(&mut self, user: UserId) {
        if let Some(personal) = R::PERSONAL {
            let values = self.sets.entry(personal.column).or_default();
            values.insert(user.to_string(), (personal.value)(user));
        }
    }

    fn blank(&mut self) {
        for slot in self.slots.values_mut() {
            if let Some(row) = &mut slot.row {
                row.blank();
                slot.touched = true;
            }
        }
    }
}

fn of_column((column, values): (&&'static str, &Values)) -> Lookup {
    Lookup {
        columns: vec![column],
        keys: values.values().map(|value| vec![value.clone()]).collect(),
    }
}

fn never_loaded<R: Record>() -> Error {
    unreadable(format!(
        "an event changes a row of {} that was not loaded: the needs of the read model do not name it",
        R::TABLE.name
    ))
}

#[cfg(test)]
mod tests;
