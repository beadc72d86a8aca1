//! The refusals that are not stored yet, and those of the running minute.
//!
//! Refusals of one minute that do not differ are one row with a count. A flood cannot make more rows than the limits below allow: further
//! refusals count in a row of their address, and if there are too many of these rows, in a row for all addresses. A refusal for which there is
//! no row at all counts as lost. So each refusal is counted exactly once, and the memory is bounded.
//!
//! Callers who proved who they are have limits of their own, by actor instead of by address: however many addresses a stranger has, the
//! refusals of users keep their rows.
//!
//! A new row is stored at once. A stored row that grows is stored again a little later, so that a flood does not write all its rows again
//! each second.

mod key;

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::Arc,
};

use uuid::Uuid;

use super::refused::Refused;

pub(super) use key::Key;
use key::{Source, TEXT, readable};

/// Microseconds of a minute.
pub(super) const MINUTE: i64 = 60_000_000;

/// How many rows there may be of strangers, or of proven callers. A source is the address of a stranger, or the proven actor.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// In one minute of one source, without those that stand for more than one name or path.
    pub(super) of_source: usize,
    /// In one minute of all sources, without those that stand for more than one name or path.
    pub(super) exact: usize,
    /// In one minute, the rows that stand for a source.
    pub(super) sources: usize,
    /// In memory, without those that stand for all sources.
    pub(super) all: usize,
}

impl Limits {
    /// The limits of a server.
    pub(super) const SERVER: Self = Self {
        of_source: 1_000,
        exact: 4_000,
        sources: 1_000,
        all: 10_000,
    };
}

/// A row as it must be stored.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) id: Uuid,
    pub(super) key: Arc<Key>,
    /// When the first of its refusals happened, in microseconds.
    pub(super) first: i64,
    /// When the last of them happened.
    pub(super) last: i64,
    /// How many there are.
    pub(super) times: u64,
    /// What the first caller was told.
    pub(super) detail: Option<String>,
    /// Whether the row was never stored.
    pub(super) is_new: bool,
    waits: Waits,
}

/// What a row waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Waits {
    /// It is stored as it is.
    Nothing,
    /// It was stored and has grown since. It is stored again with the others that have grown.
    Others,
    /// It is in the queue of those that are stored next.
    Turn,
}

/// Which of the rows that have grown are stored next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Grown {
    /// Those of other minutes than the running one.
    OfOtherMinutes,
    /// All of them.
    All,
}

/// A count for strangers, and one for proven callers.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    strangers: usize,
    proven: usize,
}

/// The rows of a minute.
#[derive(Debug, Default)]
struct Minute {
    rows: HashMap<Arc<Key>, Row>,
    /// How many exact rows each source has.
    of_source: HashMap<Source, usize>,
    exact: Counts,
    sources: Counts,
}

/// The rows in memory.
#[derive(Debug)]
pub(super) struct Buffer {
    limits: Limits,
    minutes: BTreeMap<i64, Minute>,
    /// The rows that are stored next.
    waiting: VecDeque<(i64, Arc<Key>)>,
    /// The rows that have grown since they were stored, and that are not stored next.
    grown: Vec<(i64, Arc<Key>)>,
    rows: Counts,
    /// How many refusals found no place and are in no row yet.
    unplaced: u64,
    /// How many refusals were ever rolled up into rows of sources, or of all sources.
    rolled: u64,
    /// How many refusals were ever lost.
    lost: u64,
}

impl Buffer {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            limits,
            minutes: BTreeMap::new(),
            waiting: VecDeque::new(),
            grown: Vec::new(),
            rows: Counts::default(),
            unplaced: 0,
            rolled: 0,
            lost: 0,
        }
    }

    /// Counts a refusal that happened at `now`. `id` makes the id of a new row.
    pub(super) fn note(&mut self, refused: Refused, now: i64, id: impl Fn() -> Uuid) {
        let minute = now.div_euclid(MINUTE);
        let Refused { detail, .. } = &refused;
        let detail = detail.as_deref().map(|detail| readable(detail, TEXT));
        let key = Key::of(refused);
        if self.count(minute, &key, now) {
            return;
        }
        let limits = self.limits;
        let source = key.source();
        let rows = *self.rows.of(source);
        let at = self.minutes.entry(minute).or_default();
        let of_source = at.of_source.get(&source).copied().unwrap_or_default();
        if *at.exact.of(source) < limits.exact && of_source < limits.of_source && rows < limits.all {
            *at.exact.of(source) += 1;
            *at.of_source.entry(source).or_default() += 1;
            self.add(minute, key, now, detail, id());
            return;
        }
        self.rolled += 1;
        let key = key.of_its_source(source);
        if self.count(minute, &key, now) {
            return;
        }
        let at = self.minutes.entry(minute).or_default();
        if *at.sources.of(source) < limits.sources && rows < limits.all {
            *at.sources.of(source) += 1;
            self.add(minute, key, now, None, id());
            return;
        }
        let key = key.of_all_sources();
        if self.count(minute, &key, now) {
            return;
        }
        // These rows are few: one for each kind and reason. Without an actor, they count as those of strangers.
        if self.rows.strangers < limits.all.saturating_add(limits.sources) {
            self.add(minute, key, now, None, id());
            return;
        }
        self.lost += 1;
        self.unplaced += 1;
    }

    /// Puts rows that have grown into the queue of those that are stored next.
    pub(super) fn queue(&mut self, grown: Grown, now: i64) {
        let running = now.div_euclid(MINUTE);
        let is_next = |(minute, _): &(i64, Arc<Key>)| grown == Grown::All || *minute != running;
        let grown = std::mem::take(&mut self.grown);
        let (next, later): (Vec<_>, Vec<_>) = grown.into_iter().partition(is_next);
        self.grown = later;
        for (minute, key) in next {
            if let Some(row) = self.row(minute, &key) {
                row.waits = Waits::Turn;
                self.waiting.push_back((minute, key));
            }
        }
    }

    /// Takes up to `most` rows that are stored next. [`Buffer::stored`] or [`Buffer::unstored`] must follow.
    pub(super) fn take(&mut self, most: usize) -> Vec<Row> {
        let taken = self.waiting.drain(..most.min(self.waiting.len()));
        let taken: Vec<_> = taken.collect();
        let rows = taken.into_iter().filter_map(|(minute, key)| {
            let row = self.minutes.get_mut(&minute)?.rows.get_mut(&key)?;
            row.waits = Waits::Nothing;
            let taken = row.clone();
            row.is_new = false;
            Some(taken)
        });
        rows.collect()
    }

    /// The rows could not be stored. They wait again. A row that has grown meanwhile waits already.
    pub(super) fn unstored(&mut self, rows: Vec<Row>) {
        for row in rows.into_iter().rev() {
            let minute = row.first.div_euclid(MINUTE);
            let Some(kept) = self.row(minute, &row.key) else {
                continue;
            };
            kept.is_new |= row.is_new;
            if kept.waits == Waits::Nothing {
                kept.waits = Waits::Turn;
                self.waiting.push_front((minute, row.key));
            }
        }
    }

    /// The rows that were taken are stored. Forgets the minutes that are over, and puts what was lost into a row.
    ///
    /// A minute in the future is over, too: the clock went back. If that minute comes again, it gets new rows.
    pub(super) fn stored(&mut self, now: i64, id: impl Fn() -> Uuid) {
        let minute = now.div_euclid(MINUTE);
        let is_over = |number: &i64, at: &Minute| {
            *number != minute && at.rows.values().all(|row| row.waits == Waits::Nothing)
        };
        self.minutes.retain(|number, at| !is_over(number, at));
        self.rows = Counts::default();
        for key in self.minutes.values().flat_map(|at| at.rows.keys()) {
            *self.rows.of(key.source()) += 1;
        }
        if self.unplaced > 0 && self.rows.strangers < self.limits.all {
            let key = Key::lost();
            if !self.count(minute, &key, now) {
                self.add(minute, key.clone(), now, None, id());
            }
            let unplaced = std::mem::take(&mut self.unplaced);
            if let Some(row) = self.row(minute, &key) {
                row.times += unplaced - 1;
            }
        }
    }

    /// How many rows wait to be stored, or to be stored again.
    pub(super) fn waiting(&self) -> usize {
        self.waiting.len() + self.grown.len()
    }

    /// How many refusals were ever rolled up, and how many were lost.
    pub(super) fn excess(&self) -> (u64, u64) {
        (self.rolled, self.lost)
    }

    /// Counts a refusal in its row, if there is one.
    fn count(&mut self, minute: i64, key: &Key, now: i64) -> bool {
        let Some(row) = self.row(minute, key) else {
            return false;
        };
        row.times += 1;
        row.last = row.last.max(now);
        if row.waits == Waits::Nothing {
            row.waits = Waits::Others;
            let key = Arc::clone(&row.key);
            self.grown.push((minute, key));
        }
        true
    }

    fn row(&mut self, minute: i64, key: &Key) -> Option<&mut Row> {
        self.minutes.get_mut(&minute)?.rows.get_mut(key)
    }

    fn add(&mut self, minute: i64, key: Key, now: i64, detail: Option<String>, id: Uuid) {
        *self.rows.of(key.source()) += 1;
        let key = Arc::new(key);
        let row = Row {
            id,
            key: Arc::clone(&key),
            first: now,
            last: now,
            times: 1,
            detail,
            is_new: true,
            waits: Waits::Turn,
        };
        self.minutes
            .entry(minute)
            .or_default()
            .rows
            .insert(Arc::clone(&key), row);
        self.waiting.push_back((minute, key));
    }
}

impl Counts {
    /// The count that a source belongs to.
    fn of(&mut self, source: Source) -> &mut usize {
        match source {
            Source::Stranger(_) => &mut self.strangers,
            Source::Proven(_) => &mut self.proven,
        }
    }
}

#[cfg(test)]
mod tests;
