//! A table's rows as a batch of events leaves them, not written yet.

use std::collections::BTreeMap;

use crate::{sql::Error, tables::unreadable};

/// The rows of one table that a batch touches: those loaded, changed, made and removed.
#[derive(Debug)]
pub(crate) struct Pending<K, R> {
    slots: BTreeMap<K, Slot<R>>,
}

#[derive(Debug)]
struct Slot<R> {
    /// None: no such row, or no longer.
    row: Option<R>,
    /// To be written.
    touched: bool,
}

impl<K, R> Default for Pending<K, R> {
    fn default() -> Self {
        Self {
            slots: BTreeMap::new(),
        }
    }
}

impl<K: Ord + Clone, R> Pending<K, R> {
    /// A row as the table has it now.
    pub(crate) fn load(&mut self, key: K, row: R) {
        self.slots.insert(
            key,
            Slot {
                row: Some(row),
                touched: false,
            },
        );
    }

    /// The table does not have these rows, except those that were loaded.
    pub(crate) fn absent(&mut self, keys: impl IntoIterator<Item = K>) {
        for key in keys {
            self.slots.entry(key).or_insert(Slot {
                row: None,
                touched: false,
            });
        }
    }

    /// The row as the events so far leave it. It is an error to ask for a row that was not loaded.
    pub(crate) fn get(&self, key: &K) -> Result<Option<&R>, Error> {
        let slot = self.slots.get(key).ok_or_else(never_loaded)?;
        Ok(slot.row.as_ref())
    }

    /// A row that is there from now on.
    pub(crate) fn put(&mut self, key: K, row: R) {
        self.slots.insert(
            key,
            Slot {
                row: Some(row),
                touched: true,
            },
        );
    }

    /// The row, to be changed and written. It is an error to ask for a row that was not loaded.
    pub(crate) fn change(&mut self, key: &K) -> Result<Option<&mut R>, Error> {
        let slot = self.slots.get_mut(key).ok_or_else(never_loaded)?;
        slot.touched |= slot.row.is_some();
        Ok(slot.row.as_mut())
    }

    /// Removes a row and returns it. It is an error to remove a row that was not loaded.
    pub(crate) fn remove(&mut self, key: &K) -> Result<Option<R>, Error> {
        let slot = self.slots.get_mut(key).ok_or_else(never_loaded)?;
        slot.touched |= slot.row.is_some();
        Ok(slot.row.take())
    }

    /// Deletes a row, whether the table has it or not.
    pub(crate) fn delete(&mut self, key: K) {
        self.slots.insert(
            key,
            Slot {
                row: None,
                touched: true,
            },
        );
    }

    /// Takes out the rows that one statement deletes as a set, so that they are neither written nor deleted one
    /// by one.
    pub(crate) fn take(&mut self, mut which: impl FnMut(&K, &R) -> bool) -> Vec<R> {
        self.slots
            .extract_if(.., |key, slot| {
                slot.row.as_ref().is_some_and(|row| which(key, row))
            })
            .filter_map(|(_, slot)| slot.row)
            .collect()
    }

    /// What to write: the rows to have, and the keys to be rid of.
    pub(crate) fn into_changes(self) -> (Vec<R>, Vec<K>) {
        let (mut rows, mut gone) = (Vec::new(), Vec::new());
        for (key, slot) in self.slots.into_iter().filter(|(_, slot)| slot.touched) {
            match slot.row {
                Some(row) => rows.push(row),
                None => gone.push(key),
            }
        }
        (rows, gone)
    }
}

fn never_loaded() -> Error {
    unreadable("an event changes a row that was not loaded: the needs of the read model do not name it")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_that_was_not_loaded_is_unknown() {
        let mut rows = Pending::<i64, &str>::default();
        assert!(matches!(rows.get(&1), Err(Error::Decode(_))));
        assert!(matches!(rows.change(&1), Err(Error::Decode(_))));
        assert!(matches!(rows.remove(&1), Err(Error::Decode(_))));
        assert_eq!(rows.into_changes(), (vec![], vec![]));
    }

    #[test]
    fn a_row_that_the_table_does_not_have_is_absent() {
        let mut rows = Pending::<i64, &str>::default();
        rows.load(1, "ada");
        rows.absent([1, 2]);
        assert!(matches!(rows.get(&1), Ok(Some(&"ada"))));
        assert!(matches!(rows.get(&2), Ok(None)));
        assert!(matches!(rows.change(&2), Ok(None)));
        assert!(matches!(rows.remove(&2), Ok(None)));
        assert!(matches!(rows.remove(&1), Ok(Some("ada"))));
        assert!(matches!(rows.remove(&1), Ok(None)));
        assert_eq!(rows.into_changes(), (vec![], vec![1]));
    }
}
