//! A table's rows as a batch of events leaves them, not written yet.

use std::collections::BTreeMap;

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

    /// The row as the events so far leave it.
    pub(crate) fn get(&self, key: &K) -> Option<&R> {
        self.slots.get(key)?.row.as_ref()
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

    /// The row, to be changed and written.
    pub(crate) fn change(&mut self, key: &K) -> Option<&mut R> {
        let slot = self.slots.get_mut(key)?;
        slot.touched |= slot.row.is_some();
        slot.row.as_mut()
    }

    /// A row that is there no longer.
    pub(crate) fn remove(&mut self, key: &K) -> Option<R> {
        self.slots
            .insert(
                key.clone(),
                Slot {
                    row: None,
                    touched: true,
                },
            )
            .and_then(|slot| slot.row)
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
