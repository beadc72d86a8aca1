//! The ids of the resources of each type, in order. A search of one type begins where the page before ended, and reads no other resources.
//!
//! Checks do not read this. The writer holds the lock for one id at a time, and a search for [`SOME`] ids.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Bound,
    sync::{PoisonError, RwLock},
};

/// How many ids a search reads at a time.
const SOME: usize = 256;

/// The ids of each type, ordered as texts.
#[derive(Default)]
pub(super) struct OrderedIds(RwLock<BTreeMap<&'static str, BTreeSet<Box<str>>>>);

impl OrderedIds {
    /// Adds an id, unless it is there.
    pub(super) fn add(&self, resource_type: &'static str, id: &str) {
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let ids = all.entry(resource_type).or_default();
        if !ids.contains(id) {
            ids.insert(id.into());
        }
    }

    /// Removes an id.
    pub(super) fn remove(&self, resource_type: &str, id: &str) {
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(ids) = all.get_mut(resource_type) {
            ids.remove(id);
        }
    }

    /// The ids of a type after `after`, in order. What is added or removed meanwhile is seen or not; all others are there once.
    pub(super) fn after(&self, resource_type: &str, after: Option<&str>) -> impl Iterator<Item = Box<str>> {
        let mut last: Option<Box<str>> = after.map(Box::from);
        let mut read = Vec::new().into_iter();
        std::iter::from_fn(move || {
            if let Some(id) = read.next() {
                return Some(id);
            }
            let some = self.some_after(resource_type, last.as_deref());
            if let Some(id) = some.last() {
                last = Some(id.clone());
            }
            read = some.into_iter();
            read.next()
        })
    }

    fn some_after(&self, resource_type: &str, after: Option<&str>) -> Vec<Box<str>> {
        let all = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let Some(ids) = all.get(resource_type) else {
            return Vec::new();
        };
        let after = after.map_or(Bound::Unbounded, Bound::Excluded);
        let ids = ids.range::<str, _>((after, Bound::Unbounded));
        ids.take(SOME).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(ids: &OrderedIds, resource_type: &str, after: Option<&str>) -> Vec<String> {
        ids.after(resource_type, after).map(String::from).collect()
    }

    #[test]
    fn the_ids_of_a_type_come_in_order_from_where_the_search_goes_on() {
        let ids = OrderedIds::default();
        for (resource_type, id) in [("b", "3"), ("a", "2"), ("a", "10"), ("a", "1"), ("a", "2")] {
            ids.add(resource_type, id);
        }
        assert_eq!(read(&ids, "a", None), ["1", "10", "2"]);
        assert_eq!(read(&ids, "a", Some("10")), ["2"]);
        assert_eq!(read(&ids, "a", Some("11")), ["2"]);
        assert_eq!(read(&ids, "a", Some("2")), [""; 0]);
        assert_eq!(read(&ids, "b", None), ["3"]);
        assert_eq!(read(&ids, "c", None), [""; 0]);
        ids.remove("a", "10");
        ids.remove("a", "7");
        ids.remove("c", "7");
        assert_eq!(read(&ids, "a", None), ["1", "2"]);
    }

    #[test]
    fn more_ids_than_are_read_at_a_time_come_once() {
        let ids = OrderedIds::default();
        for count in [SOME - 1, SOME, SOME + 1, 3 * SOME] {
            let all: Vec<String> = (0..count).map(|number| format!("{number:04}")).collect();
            all.iter().for_each(|id| ids.add("a", id));
            assert_eq!(read(&ids, "a", None), all);
            assert_eq!(read(&ids, "a", Some("0007")), all[8..]);
        }
    }

    #[test]
    fn a_search_goes_on_while_ids_come_and_go() {
        let ids = OrderedIds::default();
        let all: Vec<String> = (0..2 * SOME).map(|number| format!("{number:04}")).collect();
        all.iter().for_each(|id| ids.add("a", id));
        let mut search = ids.after("a", None);
        let first: Vec<_> = search.by_ref().take(SOME).map(String::from).collect();
        assert_eq!(first, all[..SOME]);
        // What the search has passed is gone, and so is the place where it stopped.
        first.iter().for_each(|id| ids.remove("a", id));
        ids.add("a", "0000");
        ids.add("a", "9999");
        let rest: Vec<_> = search.map(String::from).collect();
        assert_eq!(rest[..SOME], all[SOME..]);
        assert_eq!(rest[SOME..], ["9999"]);
    }
}
