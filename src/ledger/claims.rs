//! Decides which units of a batch get the claims that they take.

mod compare;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use aggregates::{Claim, claim::Scope};
use lru::LruCache;
use projections::{
    sql::{Read, Tx, filled, placeholders, rounded, sql},
    store::{Kind, Merge, Table, Writes},
};
use uuid::{Uuid, uuid};

pub use compare::{ClaimFlaw, ComparedClaims, StoredClaim};

use super::{
    LedgerError, Rejection, Sealer, Unit,
    alike::{self, List},
    counts::{Changes, Count, CountKey, Counts, CountsInMemory},
};

/// The table of claims.
pub(super) const CLAIMS: Table = Table {
    name: "claims",
    columns: &[("scope", Kind::Text), ("value", Kind::Text), ("owner", Kind::Id)],
    key: &["scope", "value"],
};
/// How many claims one look-up names at most.
pub(super) const CLAIMS_PER_STATEMENT: usize = 1_024;

/// A claim as it is stored: personal values are hashed.
pub(super) type Key = (&'static str, String);
/// The owners of claims that were read or written before. They are valid only while nobody else moves the head.
pub(super) type ClaimsInMemory = LruCache<Key, Option<Owner>>;

/// The holder of a claim. The program only compares owners, so 16 bytes are enough for each aggregate id: a UUID is stored as it
/// is, and any other id as its UUID of version 5.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Owner(pub(super) Uuid);

impl Owner {
    /// The namespace of the UUIDs of version 5. Stored rows contain such UUIDs, so it never changes.
    const NAMESPACE: Uuid = uuid!("5d2a4c1e-7f0b-4b5c-9d3a-3c6f2f8e1b70");

    /// The owner with this aggregate id.
    pub(super) fn of(id: &str) -> Self {
        let mut text = Uuid::encode_buffer();
        let itself = Uuid::try_parse(id).ok();
        let itself = itself.filter(|uuid| *uuid.hyphenated().encode_lower(&mut text) == *id);
        Self(itself.unwrap_or_else(|| Uuid::new_v5(&Self::NAMESPACE, id.as_bytes())))
    }
}

/// The claims that a batch mentions, in their present state during the decision.
pub(super) struct Board {
    /// The owners of the claims that units of the batch mention; `None` if nobody holds the claim.
    holders: HashMap<Key, Option<Owner>>,
    /// The number of claims in each counted scope that units of the batch mention.
    counts: Counts,
    /// The claims that differ from the database at this point.
    changed: BTreeSet<Key>,
}

impl Board {
    /// Reads everything that the units mention and that is not in `memory`.
    pub(super) async fn read<'a>(
        db: &mut dyn Read,
        sealer: &Sealer,
        (memory, counts_in_memory): (&mut ClaimsInMemory, &mut CountsInMemory),
        units: impl Iterator<Item = &'a Unit>,
    ) -> Result<Self, LedgerError> {
        let (mut mentioned, mut counted) = (BTreeSet::new(), BTreeSet::new());
        // For each list that is read up to its end, how many places were read.
        let mut lists: BTreeMap<List, usize> = BTreeMap::new();
        for unit in units {
            let moved = || unit.take.iter().map(|(claim, _)| claim).chain(&unit.release);
            mentioned.extend(moved().chain(&unit.require).map(|claim| key(sealer, claim)));
            counted.extend(moved().filter_map(count_key));
            counted.extend(
                unit.limits
                    .iter()
                    .map(|limit| (limit.scope, limit.within.clone())),
            );
            // The first place says whether somebody has such a value.
            let all = moved().filter_map(|claim| List::of(sealer, claim));
            mentioned.extend(all.map(|list| list.place(1)));
            // If an aggregate leaves a list, those behind move up. It is in the list, so at least two places are read.
            let left = unit.release.iter().filter_map(|claim| List::of(sealer, claim));
            lists.extend(left.map(|list| (list, 2)));
        }
        mentioned.extend(lists.keys().map(|list| list.place(2)));
        let counts = Counts::read(db, counts_in_memory, counted).await?;
        let mut holders: HashMap<Key, Option<Owner>> = HashMap::with_capacity(mentioned.len());
        let mut unread = mentioned;
        while !unread.is_empty() {
            read_holders(db, memory, unread, &mut holders).await?;
            unread = BTreeSet::new();
            for (list, places) in &mut lists {
                let is_held = |number| holders.get(&list.place(number)).is_some_and(Option::is_some);
                if is_held(*places) {
                    let next = alike::next_places(*places);
                    unread.extend((*places + 1..=next).map(|number| list.place(number)));
                    *places = next;
                }
            }
        }
        Ok(Self {
            holders,
            counts,
            changed: BTreeSet::new(),
        })
    }

    /// The lists of values that are alike, after the unit. Rejects the unit if it takes a value that is like one of another aggregate.
    fn lists_after(&self, sealer: &Sealer, unit: &Unit) -> Result<BTreeMap<List, Vec<Owner>>, Rejection> {
        let mut lists: BTreeMap<List, Vec<Owner>> = BTreeMap::new();
        let before = |list: &List| holders_of(&self.holders, list).collect();
        for claim in &unit.release {
            let holder = self.holders.get(&key(sealer, claim)).and_then(Option::as_ref);
            if let (Some(list), Some(holder)) = (List::of(sealer, claim), holder) {
                let owners = lists.entry(list).or_insert_with_key(before);
                owners.retain(|owner| owner != holder);
            }
        }
        for (claim, owner) in &unit.take {
            if let Some(list) = List::of(sealer, claim) {
                let owners = lists.entry(list).or_insert_with_key(before);
                let owner = Owner::of(owner);
                if owners.iter().any(|other| *other != owner) {
                    return Err(Rejection::ClaimTaken(claim.clone()));
                }
                *owners = vec![owner];
            }
        }
        Ok(lists)
    }

    /// Gives a unit all claims that it takes, or returns the rejection and gives it nothing.
    pub(super) fn admit(&mut self, sealer: &Sealer, unit: &Unit) -> Result<(), Rejection> {
        let released: BTreeSet<Key> = unit.release.iter().map(|claim| key(sealer, claim)).collect();
        let mut taking: HashMap<&Claim, &str> = HashMap::new();
        for (claim, owner) in &unit.take {
            let key = key(sealer, claim);
            let holder = self.holders.get(&key).copied().flatten();
            let by_another =
                holder.is_some_and(|holder| holder != Owner::of(owner)) && !released.contains(&key);
            let twice = taking.insert(claim, owner).is_some_and(|other| other != owner);
            if by_another || twice {
                return Err(Rejection::ClaimTaken(claim.clone()));
            }
        }
        let lists = self.lists_after(sealer, unit)?;
        let held = |claim: &Claim| self.holders.get(&key(sealer, claim)).is_some_and(Option::is_some);
        let takes: BTreeSet<&Claim> = unit.take.iter().map(|(claim, _)| claim).collect();
        for claim in &unit.require {
            if !takes.contains(claim) && (!held(claim) || unit.release.contains(claim)) {
                return Err(Rejection::ClaimMissing(claim.clone()));
            }
        }
        let mut changes = Changes::limited(&unit.limits);
        let given_up = unit
            .release
            .iter()
            .filter(|claim| held(claim) && !takes.contains(claim));
        given_up
            .filter_map(count_key)
            .for_each(|key| changes.add(key, -1));
        let taken = takes.iter().filter(|claim| !held(claim));
        taken
            .filter_map(|claim| count_key(claim))
            .for_each(|key| changes.add(key, 1));
        self.counts.admit(&changes)?;
        self.counts.apply(changes);
        for claim in &unit.release {
            self.put(key(sealer, claim), None);
        }
        for (claim, owner) in &unit.take {
            self.put(key(sealer, claim), Some(Owner::of(owner)));
        }
        for (list, owners) in lists {
            let places = holders_of(&self.holders, &list).count().max(owners.len());
            let mut owners = owners.into_iter();
            for number in 1..=places {
                self.put(list.place(number), owners.next());
            }
        }
        Ok(())
    }

    fn put(&mut self, key: Key, owner: Option<Owner>) {
        self.changed.insert(key.clone());
        self.holders.insert(key, owner);
    }

    /// The holders and the counts, for the memory.
    pub(super) fn into_parts(
        self,
    ) -> (
        HashMap<Key, Option<Owner>>,
        impl Iterator<Item = (CountKey, Count)>,
    ) {
        (self.holders, self.counts.into_counts())
    }

    /// The number of claims and counts that the batch mentions.
    pub(super) fn len(&self) -> usize {
        self.holders.len() + self.counts.len()
    }

    /// Adds the changes to what the batch writes.
    pub(super) fn list(&self, writes: &mut Writes<'static>) {
        let (mut gone, mut held) = (Vec::new(), Vec::new());
        for key @ (scope, value) in &self.changed {
            let key_of = || vec![(*scope).into(), value.clone().into()];
            match self.holders.get(key) {
                Some(Some(Owner(owner))) => {
                    let mut row = key_of();
                    row.push((*owner).into());
                    held.push(row);
                }
                _ => gone.push(key_of()),
            }
        }
        writes.delete(CLAIMS, CLAIMS.key, gone);
        writes.put(CLAIMS, held, Merge::Replace);
        self.counts.list(writes);
    }
}

/// Reads the owners of claims, unless `memory` has them.
async fn read_holders(
    db: &mut dyn Read,
    memory: &mut ClaimsInMemory,
    wanted: BTreeSet<Key>,
    holders: &mut HashMap<Key, Option<Owner>>,
) -> Result<(), LedgerError> {
    let mut keys = Vec::new();
    for key in wanted {
        match memory.get(&key) {
            Some(holder) => drop(holders.insert(key, *holder)),
            None => keys.push(key),
        }
    }
    let stored = stored_owners(db, &keys).await?;
    for key in keys {
        let owner = stored.get(&key).copied();
        holders.insert(key, owner);
    }
    Ok(())
}

/// The owners of those of these claims that have one.
pub(super) async fn stored_owners(
    db: &mut dyn Read,
    keys: &[Key],
) -> Result<HashMap<Key, Owner>, LedgerError> {
    let mut owned = HashMap::new();
    for chunk in keys.chunks(CLAIMS_PER_STATEMENT) {
        let count = rounded(chunk.len());
        let text = format!(
            "SELECT scope, value, owner FROM claims WHERE (scope, value) IN (VALUES {})",
            placeholders(1, count, 2)
        );
        let select = filled(chunk, count).fold(sql(text), |select, (scope, value)| {
            select.bind(*scope).bind(value.as_str())
        });
        let mut stored: HashMap<(String, String), Owner> = HashMap::new();
        for row in db.all(select).await? {
            stored.insert((row.text(0)?, row.text(1)?), Owner(row.id(2)?));
        }
        if stored.is_empty() {
            continue;
        }
        let found = chunk.iter().filter_map(|key| {
            let owner = stored.remove(&(key.0.to_owned(), key.1.clone()))?;
            Some((key.clone(), owner))
        });
        owned.extend(found);
    }
    Ok(owned)
}

/// The aggregates in a list, as far as `holders` has its places.
fn holders_of(holders: &HashMap<Key, Option<Owner>>, list: &List) -> impl Iterator<Item = Owner> {
    (1..).map_while(|number| *holders.get(&list.place(number))?)
}

/// Deletes the claims of `owner` on personal values: a keyed hash of a name is still personal data.
pub(super) async fn forget_personal(tx: &mut Tx<'_>, owner: &str) -> Result<(), LedgerError> {
    for scope in aggregates::scopes().filter(|scope| scope.is_personal()) {
        let forget = sql("DELETE FROM claims WHERE scope = $1 AND owner = $2");
        let owner = Owner::of(owner);
        tx.execute(forget.bind(scope.name()).bind(owner.0)).await?;
        if let Some(alike) = scope.alike() {
            alike::forget(tx, alike, owner).await?;
        }
    }
    Ok(())
}

/// A claim as it is stored.
pub(super) fn key(sealer: &Sealer, claim: &Claim) -> Key {
    let value = stored_value(sealer, claim.scope, &claim.within, &claim.value);
    (claim.scope.name(), value)
}

/// The stored form of a value. The ids of aggregates contain no `/`, so values within different aggregates differ.
fn stored_value(sealer: &Sealer, scope: &Scope, within: &str, value: &str) -> String {
    let mut stored = if scope.is_personal() {
        sealer.claim_hash(value)
    } else {
        value.to_owned()
    };
    if !within.is_empty() {
        stored = format!("{within}/{stored}");
    }
    stored
}

/// The key of the count to which the claim belongs, if its scope is counted.
fn count_key(claim: &Claim) -> Option<CountKey> {
    let counted = claim.scope.is_counted();
    counted.then(|| (claim.scope, claim.within.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_owner_is_its_id_and_an_id_of_another_form_has_its_own() {
        let id = "6d756e69-6d65-4e74-8000-000000000001";
        assert_eq!(Owner::of(id).0.to_string(), id);
        // Stored rows contain this value.
        assert_eq!(
            Owner::of("reader-7").0.to_string(),
            "2dc2c87a-f2cf-5e94-a4b9-905d22b5b955"
        );
        let others = ["reader-8", &id.replace('-', ""), &id.to_uppercase(), ""];
        let mut different: Vec<Uuid> = others
            .iter()
            .chain(&[id, "reader-7"])
            .map(|id| Owner::of(id).0)
            .collect();
        different.sort_unstable();
        different.dedup();
        assert_eq!(different.len(), 6);
    }
}
