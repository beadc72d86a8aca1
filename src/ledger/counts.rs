//! The number of claims in the counted scopes, in their present state while a batch is decided.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use aggregates::claim::{Bounds, Limits, Scope};
use lru::LruCache;
use projections::sql::{MAX_ARGUMENTS, Tx, filled, placeholders, rounded, sql};

use super::{LedgerError, LimitChange, Rejection};

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
        tx: &mut Tx<'_>,
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
            for row in tx.all(select).await? {
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

    /// The counts, for the memory after the commit.
    pub(super) fn into_counts(self) -> impl Iterator<Item = (CountKey, Count)> {
        self.counts.into_iter()
    }

    /// Writes the changes.
    pub(super) async fn store(&self, tx: &mut Tx<'_>) -> Result<(), LedgerError> {
        let changed = self
            .changed
            .iter()
            .filter_map(|key| self.counts.get_key_value(key));
        let (gone, kept): (Vec<_>, Vec<_>) = changed.partition(|(_, count)| **count == Count::default());
        for chunk in gone.chunks(MAX_ARGUMENTS / 2) {
            let text = format!(
                "DELETE FROM claim_counts WHERE (scope, within_id) IN (VALUES {})",
                placeholders(1, chunk.len(), 2)
            );
            let delete = chunk.iter().fold(sql(text), |delete, ((scope, within), _)| {
                delete.bind(scope.name()).bind(within.as_str())
            });
            tx.execute(delete).await?;
        }
        for chunk in kept.chunks(MAX_ARGUMENTS / 5) {
            let text = format!(
                "INSERT INTO claim_counts (scope, within_id, held, at_least, at_most) VALUES {} \
                 ON CONFLICT (scope, within_id) DO UPDATE \
                 SET held = EXCLUDED.held, at_least = EXCLUDED.at_least, at_most = EXCLUDED.at_most",
                placeholders(1, chunk.len(), 5)
            );
            let insert = chunk.iter().fold(sql(text), |insert, ((scope, within), count)| {
                insert
                    .bind(scope.name())
                    .bind(within.as_str())
                    .bind(count.held)
                    .bind(count.limits.map(|limits| limits.at_least))
                    .bind(count.limits.map(|limits| limits.at_most))
            });
            tx.execute(insert).await?;
        }
        Ok(())
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
