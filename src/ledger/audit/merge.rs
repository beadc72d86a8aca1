//! Merges the two sources of a page.
//!
//! The newest item comes first. Of an event and a refusal of the same time, the event comes first.

use super::{Cursor, Done, Item, Kept};
use crate::refusals::Below;

/// What a source has for a page, newest first.
#[derive(Clone, Debug)]
pub(super) struct Scanned<T> {
    pub(super) found: Vec<T>,
    /// Below this place, the source was not examined. It is `None` if the source has no more rows, or if it found as many as were wanted.
    /// The part of the other source has no meaning.
    pub(super) unknown_below: Option<Cursor>,
}

impl<T> Scanned<T> {
    pub(super) fn nothing() -> Self {
        Self {
            found: Vec::new(),
            unknown_below: None,
        }
    }
}

/// A page.
pub(super) struct Merged {
    pub(super) items: Vec<Item>,
    pub(super) next: Option<Cursor>,
}

/// Merges what the sources have, up to `limit` items. `after` is where the page began. The next page begins below the last item: what was
/// recorded meanwhile above it is not a part of the list.
pub(super) fn merged((done, refused): (Scanned<Done>, Scanned<Kept>), after: Cursor, limit: usize) -> Merged {
    let done_below = done.unknown_below;
    let refused_below = refused.unknown_below.map(|at| at.refusals);
    let mut done = done.found.into_iter().peekable();
    let mut refused = refused.found.into_iter().peekable();
    let (mut items, mut next) = (Vec::new(), after);
    loop {
        if items.len() == limit {
            break;
        }
        let is_done = match (done.peek(), refused.peek()) {
            (Some(done), Some(refused)) => done.recorded_at >= refused.first,
            (Some(done), None) => refused_below.is_none_or(|below| done.recorded_at.micros() >= below.micros),
            (None, Some(refused)) => {
                // An event that was not examined may be as old as the last one that was.
                if done_below.is_some_and(|below| refused.place() < below.refusals) {
                    break;
                }
                false
            }
            (None, None) => break,
        };
        if is_done {
            let Some(item) = done.next() else { break };
            next = next.at_most(item.position, Below::including(item.recorded_at.micros()));
            items.push(Item::Done(item));
        } else {
            let Some(item) = refused.next() else { break };
            next.refusals = item.place();
            items.push(Item::Refused(Box::new(item)));
        }
    }
    let is_more =
        done.peek().is_some() || refused.peek().is_some() || done_below.is_some() || refused_below.is_some();
    let events = done.peek().map(|done| done.position.saturating_add(1));
    let events = events.or(done_below.map(|below| below.events)).unwrap_or(0);
    let refusals = refused.peek().map(|refused| refused.place().and_itself());
    let refusals = refusals.or(refused_below).unwrap_or(next.refusals);
    let next = is_more.then(|| next.at_most(events, refusals));
    Merged { items, next }
}

#[cfg(test)]
mod tests;
