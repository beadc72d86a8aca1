//! A table with a fixed number of places. A new entry takes the place of one that is worth little.

use std::{collections::HashMap, hash::Hash};

use super::Draw;

/// Of how many entries, drawn at random, the one goes that is worth least.
const DRAWN: usize = 8;

/// A table with at most `most` entries.
#[derive(Debug)]
pub(super) struct Bounded<K, V> {
    most: usize,
    places: HashMap<K, usize>,
    entries: Vec<(K, V)>,
}

impl<K: Copy + Eq + Hash, V> Bounded<K, V> {
    pub(super) fn new(most: usize) -> Self {
        Self {
            most: most.max(1),
            places: HashMap::new(),
            entries: Vec::new(),
        }
    }

    pub(super) fn get(&self, key: &K) -> Option<&V> {
        let place = self.places.get(key)?;
        self.entries.get(*place).map(|(_, value)| value)
    }

    pub(super) fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        let place = self.places.get(key)?;
        self.entries.get_mut(*place).map(|(_, value)| value)
    }

    /// Adds an entry whose key the table does not have. If the table is full, it returns the entry that had to go. That is the one
    /// worth least among some that are drawn at random: so entries of little worth, which strangers can make, push out one another.
    pub(super) fn add(
        &mut self,
        key: K,
        value: V,
        worth: impl Fn(&V) -> f64,
        draw: &mut Draw<'_>,
    ) -> Option<(K, V)> {
        let evicted = if self.entries.len() < self.most {
            None
        } else {
            let drawn = (0..DRAWN).map(|_| draw.below(self.entries.len()));
            let least = drawn.min_by(|one, other| {
                let worth_at =
                    |place: &usize| self.entries.get(*place).map_or(0.0, |(_, value)| worth(value));
                worth_at(one).total_cmp(&worth_at(other))
            });
            least.and_then(|place| self.remove_at(place))
        };
        self.places.insert(key, self.entries.len());
        self.entries.push((key, value));
        evicted
    }

    pub(super) fn remove(&mut self, key: &K) -> Option<V> {
        let place = *self.places.get(key)?;
        self.remove_at(place).map(|(_, value)| value)
    }

    #[cfg(test)]
    pub(super) fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.entries.iter().map(|(key, value)| (key, value))
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    fn remove_at(&mut self, place: usize) -> Option<(K, V)> {
        if place >= self.entries.len() {
            return None;
        }
        let removed = self.entries.swap_remove(place);
        self.places.remove(&removed.0);
        if let Some((moved, _)) = self.entries.get(place) {
            self.places.insert(*moved, place);
        }
        Some(removed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ledger::ids::SystemEntropy;

    #[test]
    fn it_has_no_more_entries_than_it_may_and_finds_each() {
        let mut draw = Draw::from(&SystemEntropy);
        let mut table = Bounded::new(100);
        for key in 0..1_000_u64 {
            table.add(key, key, |_| 1.0, &mut draw);
            if key % 3 == 0 {
                assert_eq!(table.remove(&key), Some(key));
            }
            assert!(table.len() <= 100);
        }
        let all: Vec<(u64, u64)> = table.iter().map(|(key, value)| (*key, *value)).collect();
        for (key, value) in all {
            assert_eq!(table.get(&key).copied(), Some(value));
            assert_eq!(table.get_mut(&key).copied(), Some(value));
            assert_eq!(key, value);
        }
        assert_eq!(table.get(&0), None);
    }

    #[test]
    fn entries_of_little_worth_do_not_push_out_others() {
        let mut draw = Draw::from(&SystemEntropy);
        let mut table = Bounded::new(1_000);
        for key in 0..100_u64 {
            table.add(key, 20.0, |worth| *worth, &mut draw);
        }
        for key in 100..100_000_u64 {
            table.add(key, 1.0, |worth| *worth, &mut draw);
        }
        assert!((0..100).all(|key| table.get(&key).is_some()));
    }
}
