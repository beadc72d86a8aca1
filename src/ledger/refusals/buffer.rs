//! The refusals that are not stored yet, and those of the running minute.
//!
//! Refusals of one minute that do not differ are one row with a count. A flood cannot make more rows than the limits below allow: further
//! refusals count in a row of their address, and if there are too many of these rows, in a row for all addresses. A refusal for which there is
//! no row at all counts as lost. So each refusal is counted exactly once, and the memory is bounded.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    net::{IpAddr, Ipv6Addr},
    sync::Arc,
};

use uuid::Uuid;

use super::refused::{Object, Refused, RefusedKind};

/// Microseconds of a minute.
const MINUTE: i64 = 60_000_000;
/// How many characters of a typed name are kept.
const NAME: usize = 128;
/// How many characters of a detail or a path are kept.
const TEXT: usize = 256;

/// How many rows there may be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// In one minute from one address, without those that stand for more than one name.
    pub(super) of_address: usize,
    /// In one minute from all addresses, without those that stand for more than one name.
    pub(super) exact: usize,
    /// In one minute, the rows that stand for an address.
    pub(super) addresses: usize,
    /// In memory, without those that stand for all addresses.
    pub(super) all: usize,
}

impl Limits {
    /// The limits of a server.
    pub(super) const SERVER: Self = Self {
        of_address: 1_000,
        exact: 4_000,
        addresses: 1_000,
        all: 10_000,
    };
}

/// What the refusals of a row have in common, besides the minute.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) kind: RefusedKind,
    pub(super) reason: &'static str,
    pub(super) actor: Option<Uuid>,
    pub(super) object: Option<Object>,
    pub(super) name: Option<String>,
    pub(super) address: Option<IpAddr>,
    pub(super) method: Option<&'static str>,
    pub(super) path: Option<String>,
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
    /// Whether the row waits to be stored.
    waits: bool,
}

/// The rows of a minute.
#[derive(Debug, Default)]
struct Minute {
    rows: HashMap<Arc<Key>, Row>,
    /// How many exact rows each address has. An IPv6 address stands for its /64.
    of_address: HashMap<Option<IpAddr>, usize>,
    exact: usize,
    addresses: usize,
}

/// The rows in memory.
#[derive(Debug)]
pub(super) struct Buffer {
    limits: Limits,
    minutes: BTreeMap<i64, Minute>,
    /// The rows that wait to be stored.
    waiting: VecDeque<(i64, Arc<Key>)>,
    rows: usize,
    /// How many refusals found no place and are in no row yet.
    unplaced: u64,
    /// How many refusals were ever rolled up into rows of addresses, or of all addresses.
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
            rows: 0,
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
        let narrow = key.address.map(network);
        let at = self.minutes.entry(minute).or_default();
        let of_address = at.of_address.get(&narrow).copied().unwrap_or_default();
        if at.exact < limits.exact && of_address < limits.of_address && self.rows < limits.all {
            at.exact += 1;
            *at.of_address.entry(narrow).or_default() += 1;
            self.add(minute, key, now, detail, id());
            return;
        }
        self.rolled += 1;
        let key = key.of_its_address(narrow);
        if self.count(minute, &key, now) {
            return;
        }
        let at = self.minutes.entry(minute).or_default();
        if at.addresses < limits.addresses && self.rows < limits.all {
            at.addresses += 1;
            self.add(minute, key, now, None, id());
            return;
        }
        let key = key.of_all_addresses();
        if self.count(minute, &key, now) {
            return;
        }
        // These rows are few: one for each kind and reason.
        if self.rows < limits.all.saturating_add(limits.addresses) {
            self.add(minute, key, now, None, id());
            return;
        }
        self.lost += 1;
        self.unplaced += 1;
    }

    /// Takes up to `most` rows that wait to be stored. [`Buffer::stored`] or [`Buffer::unstored`] must follow.
    pub(super) fn take(&mut self, most: usize) -> Vec<Row> {
        let taken = self.waiting.drain(..most.min(self.waiting.len()));
        let taken: Vec<_> = taken.collect();
        let rows = taken.into_iter().filter_map(|(minute, key)| {
            let row = self.minutes.get_mut(&minute)?.rows.get_mut(&key)?;
            row.waits = false;
            Some(row.clone())
        });
        rows.collect()
    }

    /// The rows could not be stored. They wait again.
    pub(super) fn unstored(&mut self, rows: Vec<Row>) {
        for row in rows.into_iter().rev() {
            let minute = row.first.div_euclid(MINUTE);
            let kept = self
                .minutes
                .get_mut(&minute)
                .and_then(|at| at.rows.get_mut(&row.key));
            if let Some(kept) = kept
                && !kept.waits
            {
                kept.waits = true;
                self.waiting.push_front((minute, row.key));
            }
        }
    }

    /// All rows are stored. Forgets the minutes that are over, and puts what was lost into a row.
    pub(super) fn stored(&mut self, now: i64, id: impl Fn() -> Uuid) {
        let minute = now.div_euclid(MINUTE);
        let is_over = |number: &i64, at: &Minute| *number < minute && at.rows.values().all(|row| !row.waits);
        self.minutes.retain(|number, at| !is_over(number, at));
        self.rows = self.minutes.values().map(|at| at.rows.len()).sum();
        if self.unplaced > 0 && self.rows < self.limits.all {
            let key = Key::lost();
            if !self.count(minute, &key, now) {
                self.add(minute, key.clone(), now, None, id());
            }
            let row = self.minutes.get_mut(&minute).and_then(|at| at.rows.get_mut(&key));
            if let Some(row) = row {
                row.times += self.unplaced - 1;
            }
            self.unplaced = 0;
        }
    }

    /// How many rows wait to be stored.
    pub(super) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// How many refusals were ever rolled up, and how many were lost.
    pub(super) fn excess(&self) -> (u64, u64) {
        (self.rolled, self.lost)
    }

    /// Counts a refusal in its row, if there is one.
    fn count(&mut self, minute: i64, key: &Key, now: i64) -> bool {
        let found = self.minutes.get_mut(&minute).and_then(|at| at.rows.get_mut(key));
        let Some(row) = found else {
            return false;
        };
        row.times += 1;
        row.last = row.last.max(now);
        if !row.waits {
            row.waits = true;
            self.waiting.push_back((minute, Arc::clone(&row.key)));
        }
        true
    }

    fn add(&mut self, minute: i64, key: Key, now: i64, detail: Option<String>, id: Uuid) {
        let key = Arc::new(key);
        let row = Row {
            id,
            key: Arc::clone(&key),
            first: now,
            last: now,
            times: 1,
            detail,
            waits: true,
        };
        self.minutes
            .entry(minute)
            .or_default()
            .rows
            .insert(Arc::clone(&key), row);
        self.waiting.push_back((minute, key));
        self.rows += 1;
    }
}

impl Key {
    fn of(refused: Refused) -> Self {
        Self {
            kind: refused.kind,
            reason: refused.reason,
            actor: refused.actor,
            object: refused.object,
            name: refused.name.map(|name| readable(&name, NAME)),
            address: refused.address.map(|address| address.to_canonical()),
            method: refused.method,
            path: refused.path.map(|path| readable(&path, TEXT)),
        }
    }

    /// The key of the row that stands for an address.
    fn of_its_address(self, address: Option<IpAddr>) -> Self {
        Self {
            actor: self.actor.filter(|_| self.kind.is_proven()),
            object: None,
            name: None,
            address,
            method: None,
            path: None,
            ..self
        }
    }

    /// The key of the row that stands for all addresses.
    fn of_all_addresses(self) -> Self {
        Self {
            actor: None,
            address: None,
            ..self
        }
    }

    fn lost() -> Self {
        Self {
            kind: RefusedKind::Lost,
            reason: "memory_full",
            actor: None,
            object: None,
            name: None,
            address: None,
            method: None,
            path: None,
        }
    }
}

/// The network of an address: one client with IPv6 usually has a whole /64.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => {
            let network = u128::from(address) & !u128::from(u64::MAX);
            IpAddr::V6(Ipv6Addr::from(network))
        }
    }
}

/// At most `most` characters of a text, with escapes for characters that cannot be seen.
fn readable(text: &str, most: usize) -> String {
    let mut readable = String::new();
    for (number, char) in text.chars().enumerate() {
        if number == most {
            readable.push('…');
            break;
        }
        match char {
            '"' | '\'' | '\\' => readable.push(char),
            char => readable.extend(char.escape_debug()),
        }
    }
    readable
}

#[cfg(test)]
mod tests;
