//! A walk over all pages finds every item once, newest first, however much each source examines and whatever is recorded meanwhile.

use aggregates::values::Timestamp;
use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::audit::Names;

/// The order of the list: the later the newer.
type Key = (i64, bool, u128);

fn key(item: &Item) -> Key {
    match item {
        Item::Done(done) => (
            done.recorded_at.micros(),
            true,
            u128::from(done.position.unsigned_abs()),
        ),
        Item::Refused(kept) => (kept.first.micros(), false, kept.id.as_u128()),
    }
}

/// What there is. An event's time is never before that of an earlier one. Only some rows fit the filter.
#[derive(Clone, Debug, Default)]
struct World {
    events: Vec<(i64, bool)>,
    refusals: Vec<(i64, u128, bool)>,
}

impl World {
    fn done(&self, below: i64, want: usize, examine: usize) -> Scanned<Done> {
        let mut scanned = Scanned::nothing();
        let numbered = self.events.iter().enumerate().rev();
        let numbered = numbered.map(|(index, event)| (index as i64 + 1, event));
        for (examined, (position, (at, fits))) in
            numbered.filter(|(position, _)| *position < below).enumerate()
        {
            let recorded_at = Timestamp::from_micros(*at);
            if *fits {
                scanned.found.push(Done::test(position, recorded_at));
            }
            if scanned.found.len() == want {
                break;
            }
            if examined + 1 == examine {
                let refusals = Below::including(*at);
                scanned.unknown_below = Some(Cursor {
                    events: position,
                    refusals,
                });
                break;
            }
        }
        scanned
    }

    fn refused(&self, below: Below, want: usize, examine: usize) -> Scanned<Kept> {
        let mut sorted = self.refusals.clone();
        sorted.sort_unstable();
        let mut scanned = Scanned::nothing();
        let at = |(micros, id, _): &(i64, u128, bool)| Below {
            micros: *micros,
            id: Uuid::from_u128(*id),
        };
        for (examined, row) in sorted.iter().rev().filter(|row| at(row) < below).enumerate() {
            if row.2 {
                scanned.found.push(Kept::test(at(row), Names::Altered));
            }
            if scanned.found.len() == want {
                break;
            }
            if examined + 1 == examine {
                scanned.unknown_below = Some(Cursor {
                    events: 0,
                    refusals: at(row),
                });
                break;
            }
        }
        scanned
    }

    fn all(&self) -> Vec<Key> {
        let everything = Cursor::before(i64::MAX - 1);
        let sources = (
            self.done(everything.events, usize::MAX, usize::MAX),
            self.refused(everything.refusals, usize::MAX, usize::MAX),
        );
        merged(sources, everything, usize::MAX)
            .items
            .iter()
            .map(key)
            .collect()
    }
}

fn world() -> impl Strategy<Value = World> {
    let events = prop::collection::vec((0_i64..3, any::<bool>()), 0..30);
    let refusals = prop::collection::btree_map((0_i64..40, 0_u128..9), any::<bool>(), 0..30);
    (events, refusals).prop_map(|(events, refusals)| {
        let mut at = 0;
        let events = events.into_iter().map(|(later, fits)| {
            at += later;
            (at, fits)
        });
        World {
            events: events.collect(),
            refusals: refusals
                .into_iter()
                .map(|((at, id), fits)| (at, id, fits))
                .collect(),
        }
    })
}

proptest! {
    #[test]
    fn a_walk_finds_each_item_once_and_in_order(
        begun in world(),
        limit in 1_usize..7,
        examine in 1_usize..9,
        more in prop::collection::vec((any::<bool>(), 0_i64..60, any::<u128>()), 0..20),
    ) {
        let expected = begun.all();
        prop_assert!(expected.is_sorted_by(|one, other| one > other));
        let (mut world, mut more) = (begun, more.into_iter());
        let mut at = Cursor::before(world.events.len() as i64);
        let mut seen = Vec::new();
        loop {
            let sources = (
                world.done(at.events, limit + 1, examine),
                world.refused(at.refusals, limit + 1, examine),
            );
            let page = merged(sources, at, limit);
            prop_assert!(page.items.len() <= limit);
            seen.extend(page.items.iter().map(key));
            match page.next {
                Some(next) => {
                    prop_assert!(next != at, "a page must go on");
                    at = next;
                }
                None => break,
            }
            if let Some((is_event, time, id)) = more.next() {
                if is_event {
                    let last = world.events.last().map_or(0, |event| event.0);
                    world.events.push((last.max(time), true));
                } else if world.refusals.iter().all(|row| (row.0, row.1) != (time, id)) {
                    world.refusals.push((time, id, true));
                }
            }
        }
        prop_assert!(seen.is_sorted_by(|one, other| one > other), "{:?}", seen);
        let missing: Vec<_> = expected.iter().filter(|key| !seen.contains(key)).collect();
        prop_assert!(missing.is_empty(), "{:?} in {:?}", missing, seen);
    }
}
