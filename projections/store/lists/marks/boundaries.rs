//! Where spans begin and end after a batch is written.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Bound,
};

use super::place::{END, START};

/// A mark: the number of its order in the batch, its level and its place. A span has the name of the mark with which it
/// begins, or [`START`].
pub(super) type Mark = (usize, i64, String);

/// The marks around the places that a batch changes.
#[derive(Debug, Default)]
pub(super) struct Boundaries {
    /// For a changed place and a level, the last mark before the place in the table.
    pub(super) before: BTreeMap<Mark, String>,
    /// For a mark that the batch adds or removes, the next mark of its level in the table.
    pub(super) after: BTreeMap<Mark, String>,
    /// The marks that the batch adds.
    pub(super) added: BTreeSet<Mark>,
    /// The marks that the batch removes.
    pub(super) removed: BTreeSet<Mark>,
}

impl Boundaries {
    /// Whether the batch adds or removes the begin or the end of any span.
    pub(super) fn are_moved(&self) -> bool {
        !self.added.is_empty() || !self.removed.is_empty()
    }

    /// The spans whose begin or end the batch moves: from the place where each begins to the place where it ends.
    pub(super) fn moved(&self) -> BTreeMap<Mark, String> {
        let mut spans = BTreeMap::new();
        for mark in &self.added {
            let (order, level, place) = mark;
            spans.insert((*order, *level, self.last_before(mark).to_owned()), place.clone());
        }
        for mark in &self.removed {
            let (order, level, _) = mark;
            let start = self.last_before(mark).to_owned();
            spans.insert((*order, *level, start), self.first_after(mark).to_owned());
        }
        for mark in &self.added {
            spans.insert(mark.clone(), self.first_after(mark).to_owned());
        }
        spans
    }

    /// The last mark before a place, after the batch.
    pub(super) fn last_before(&self, here: &Mark) -> &str {
        let (order, level, _) = here;
        let first = (*order, *level, START.to_owned());
        let added = self.added.range((Bound::Included(&first), Bound::Excluded(here)));
        let added = added.last().map_or(START, |(_, _, place)| place);
        let mut stored = self.before.get(here);
        while let Some(place) = stored {
            let mark = (*order, *level, place.clone());
            if !self.removed.contains(&mark) {
                break;
            }
            stored = self.before.get(&mark);
        }
        stored.map_or(START, String::as_str).max(added)
    }

    /// The first mark after one that the batch adds or removes, after the batch.
    fn first_after(&self, here: &Mark) -> &str {
        let (order, level, _) = here;
        let last = (*order, *level, END.to_owned());
        let mut added = self.added.range((Bound::Excluded(here), Bound::Excluded(&last)));
        let added = added.next().map_or(END, |(_, _, place)| place);
        let mut stored = self.after.get(here);
        while let Some(place) = stored {
            let mark = (*order, *level, place.clone());
            if !self.removed.contains(&mark) {
                break;
            }
            stored = self.after.get(&mark);
        }
        stored.map_or(END, String::as_str).min(added)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(place: &str) -> Mark {
        (0, 1, place.to_owned())
    }

    /// The table has marks at `=d`, `=g`, `=k` and `=p`.
    fn boundaries(added: &[&str], removed: &[&str]) -> Boundaries {
        let stored = ["=d", "=g", "=k", "=p"];
        let mut boundaries = Boundaries::default();
        for place in added.iter().chain(removed) {
            if let Some(before) = stored.iter().rfind(|mark| *mark < place) {
                boundaries.before.insert(mark(place), (*before).to_owned());
            }
            if let Some(after) = stored.iter().find(|mark| *mark > place) {
                boundaries.after.insert(mark(place), (*after).to_owned());
            }
        }
        boundaries.added = added.iter().map(|place| mark(place)).collect();
        boundaries.removed = removed.iter().map(|place| mark(place)).collect();
        boundaries
    }

    fn moved(added: &[&str], removed: &[&str]) -> Vec<(String, String)> {
        let spans = boundaries(added, removed).moved().into_iter();
        spans.map(|((_, _, start), end)| (start, end)).collect()
    }

    fn spans(expected: &[(&str, &str)]) -> Vec<(String, String)> {
        let owned = |(start, end): &(&str, &str)| ((*start).to_owned(), (*end).to_owned());
        expected.iter().map(owned).collect()
    }

    #[test]
    fn a_new_mark_splits_a_span() {
        assert_eq!(moved(&["=h"], &[]), spans(&[("=g", "=h"), ("=h", "=k")]));
        assert_eq!(moved(&["=a"], &[]), spans(&[(START, "=a"), ("=a", "=d")]));
        assert_eq!(moved(&["=z"], &[]), spans(&[("=p", "=z"), ("=z", END)]));
        assert_eq!(
            moved(&["=h", "=i"], &[]),
            spans(&[("=g", "=h"), ("=h", "=i"), ("=i", "=k")])
        );
    }

    #[test]
    fn a_mark_that_goes_joins_two_spans() {
        assert_eq!(moved(&[], &["=g"]), spans(&[("=d", "=k")]));
        assert_eq!(moved(&[], &["=g", "=k"]), spans(&[("=d", "=p")]));
        assert_eq!(moved(&[], &["=d", "=g", "=k", "=p"]), spans(&[(START, END)]));
    }

    #[test]
    fn marks_may_come_where_others_go() {
        assert_eq!(moved(&["=h"], &["=g"]), spans(&[("=d", "=h"), ("=h", "=k")]));
        assert_eq!(moved(&["=f"], &["=g"]), spans(&[("=d", "=f"), ("=f", "=k")]));
        assert_eq!(
            moved(&["=h"], &["=g", "=k"]),
            spans(&[("=d", "=h"), ("=h", "=p")])
        );
        assert_eq!(
            moved(&["=a", "=z"], &["=d", "=p"]),
            spans(&[(START, "=a"), ("=a", "=g"), ("=k", "=z"), ("=z", END)])
        );
    }
}
