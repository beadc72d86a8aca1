//! The number of claims in the counted scopes, in their present state while a batch is decided.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use aggregates::claim::{Bounds, Limits, Scope};
use lru::LruCache;
use projections::{
    sql::{Read, filled, placeholders, rounded, sql},
    store::{Kind, Merge, Table, Writes},
};

use super::{LedgerError, LimitChange, Rejection};

/// The table of counts.
const CLAIM_COUNTS: Table = Table {
    name: "claim_counts",
    columns: &[
        ("scope", Kind::Text),
        ("within_id", Kind::Text),
        ("held", Kind::Int),
        ("at_least", Kind::IntOrNull),
        ("at_most", Kind::IntOrNull),
    ],
    key: &["scope", "within_id"],
};
/// How many counts one look-up names at most.
const COUNTS_PER_STATEMENT: usize = 1_024;

/// A scope, and the aggregate within which it is counted; empty if the whole ledger is counted.
pub(super) type CountKey = (&'static Scope, String);
/// The counts that were read or written before. They are valid only while nobody else moves the head.
pub(super) type CountsInMemory = LruCache<CountKey, Count>;

/// The number of claims, and the limits that an aggregate sets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Count {
    held: i64,
    limits: Option<Limits>,
}

impl Count {
    /// The limits that apply to the scope.
    fn limits_of(self, scope: &Scope) -> Limits {
        match scope.bounds() {
            Bounds::Uncounted => Limits::NONE,
            Bounds::Fixed(limits) => limits,
            Bounds::OfOwner => self.limits.unwrap_or(Limits::NO_CLAIM),
        }
    }
}

/// The counts that a batch mentions.
#[derive(Default)]
pub(super) struct Counts {
    counts: BTreeMap<CountKey, Count>,
    /// The counts that differ from the database at this point.
    changed: BTreeSet<CountKey>,
}

/// How a unit changes one count.
#[derive(Default)]
pub(super) struct Change {
    difference: i64,
    /// The new limits, if the unit changes them; `Some(None)` removes them.
    limits: Option<Option<Limits>>,
}

/// How a unit changes each of the counts that it mentions.
#[derive(Default)]
pub(super) struct Changes(BTreeMap<CountKey, Change>);

impl Changes {
    /// The changes of limits by a unit.
    pub(super) fn limited(changes: &[LimitChange]) -> Self {
        let mut all = Self::default();
        for change in changes {
            let of = all.0.entry((change.scope, change.within.clone())).or_default();
            of.limits = Some(change.limits);
        }
        all
    }

    /// Adds a claim that the unit takes (1) or gives up (-1).
    pub(super) fn add(&mut self, key: CountKey, difference: i64) {
        self.0.entry(key).or_default().difference += difference;
    }
}

impl Counts {
    /// Reads the counts that are not in `memory`.
    pub(super) async fn read(
        db: &mut dyn Read,
        memory: &mut CountsInMemory,
        mentioned: BTreeSet<CountKey>,
    ) -> Result<Self, LedgerError> {
        let mut counts = BTreeMap::new();
        let mut unknown = Vec::new();
        for key in mentioned {
            match memory.get(&key) {
                Some(count) => drop(counts.insert(key, *count)),
                None => unknown.push(key),
            }
        }
        let mut stored: HashMap<(String, String), Count> = HashMap::new();
        for chunk in unknown.chunks(COUNTS_PER_STATEMENT) {
            let number = rounded(chunk.len());
            let text = format!(
                "SELECT scope, within_id, held, at_least, at_most FROM claim_counts \
                 WHERE (scope, within_id) IN (VALUES {})",
                placeholders(1, number, 2)
            );
            let select = filled(chunk, number).fold(sql(text), |select, (scope, within)| {
                select.bind(scope.name()).bind(within.as_str())
            });
            for row in db.all(select).await? {
                let limits = row.int_or_null(3)?.zip(row.int_or_null(4)?);
                let count = Count {
                    held: row.int(2)?,
                    limits: limits.map(|(at_least, at_most)| Limits { at_least, at_most }),
                };
                stored.insert((row.text(0)?, row.text(1)?), count);
            }
        }
        for (scope, within) in unknown {
            let count = stored.remove(&(scope.name().to_owned(), within.clone()));
            counts.insert((scope, within), count.unwrap_or_default());
        }
        Ok(Self {
            counts,
            changed: BTreeSet::new(),
        })
    }

    /// Rejects the changes if they exceed the limits. A count that was outside its limits before is not the unit's
    /// fault.
    pub(super) fn admit(&self, changes: &Changes) -> Result<(), Rejection> {
        for (key, change) in &changes.0 {
            let before = self.counts.get(key).copied().unwrap_or_default();
            let after = before.after(change);
            let (old, new) = (before.limits_of(key.0), after.limits_of(key.0));
            let set = change.limits.is_some_and(|limits| limits.is_some());
            let fewer = change.difference < 0 || set && new.at_least > old.at_least;
            if fewer && after.held < new.at_least {
                return Err(Rejection::LastClaim(key.0));
            }
            let more = change.difference > 0 || set && new.at_most < old.at_most;
            if more && after.held > new.at_most {
                return Err(Rejection::TooManyClaims(key.0));
            }
        }
        Ok(())
    }

    /// Applies the changes of an accepted unit.
    pub(super) fn apply(&mut self, changes: Changes) {
        for (key, change) in changes.0 {
            let count = self.counts.entry(key.clone()).or_default();
            let after = count.after(&change);
            if *count != after {
                *count = after;
                self.changed.insert(key);
            }
        }
    }

    /// The counts, for the memory.
    pub(super) fn into_counts(self) -> impl Iterator<Item = (CountKey, Count)> {
        self.counts.into_iter()
    }

    /// The number of counts that the batch mentions.
    pub(super) fn len(&self) -> usize {
        self.counts.len()
    }

    /// Adds the changes to what the batch writes.
    pub(super) fn list(&self, writes: &mut Writes<'static>) {
        let (mut gone, mut kept) = (Vec::new(), Vec::new());
        for key @ (scope, within) in &self.changed {
            let count = self.counts.get(key).copied().unwrap_or_default();
            let mut row = vec![scope.name().into(), within.clone().into()];
            if count == Count::default() {
                gone.push(row);
                continue;
            }
            row.extend([
                count.held.into(),
                count.limits.map(|limits| limits.at_least).into(),
                count.limits.map(|limits| limits.at_most).into(),
            ]);
            kept.push(row);
        }
        writes.delete(CLAIM_COUNTS, CLAIM_COUNTS.key, gone);
        writes.put(CLAIM_COUNTS, kept, Merge::Replace);
    }
}

impl Count {
    fn after(self, change: &Change) -> Self {
        Self {
            held: self.held + change.difference,
            limits: change.limits.unwrap_or(self.limits),
        }
    }
}
