//! Deciding, under the head lock, which units of a batch get what they claim.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use aggregates::{
    Claim,
    claim::{Bounds, Scope},
};
use lru::LruCache;
use projections::sql::{MAX_ARGUMENTS, Tx, filled, placeholders, rounded, sql};

use super::{LedgerError, Rejection, Sealer, Unit};

/// How many claims one look-up names.
const CLAIMS_PER_STATEMENT: usize = 1_024;

/// A claim as stored: personal values hashed.
type Key = (&'static str, String);
/// Owners of claims that were read or written before, as long as nobody else has moved the head.
pub(super) type ClaimsInMemory = LruCache<Key, Option<String>>;

/// The claims that a batch concerns, as they are while it is decided.
pub(super) struct Board {
    /// Owners of the claims that units of the batch mention; `None` if nobody holds one.
    holders: HashMap<Key, Option<String>>,
    /// How many claims there are in scopes that may not become empty.
    counts: BTreeMap<&'static Scope, i64>,
    /// What differs from the database by now.
    changed: BTreeSet<Key>,
}

impl Board {
    /// Reads what the units mention and is not in `memory`.
    pub(super) async fn read<'a>(
        tx: &mut Tx<'_>,
        sealer: &Sealer,
        memory: &mut ClaimsInMemory,
        units: impl Iterator<Item = &'a Unit>,
    ) -> Result<Self, LedgerError> {
        let mut mentioned = BTreeSet::new();
        let mut counts = BTreeMap::new();
        for unit in units {
            let claims = unit
                .take
                .iter()
                .map(|(claim, _)| claim)
                .chain(&unit.release)
                .chain(&unit.require);
            mentioned.extend(claims.map(|claim| key(sealer, claim)));
            counts.extend(
                unit.release
                    .iter()
                    .filter(|claim| claim.scope.bounds() != Bounds::Uncounted)
                    .map(|claim| (claim.scope, 0)),
            );
        }
        let mut holders: HashMap<Key, Option<String>> = HashMap::with_capacity(mentioned.len());
        let mut keys = Vec::new();
        for key in mentioned {
            match memory.get(&key) {
                Some(holder) => drop(holders.insert(key, holder.clone())),
                None => keys.push(key),
            }
        }
        let mut stored: HashMap<(String, String), String> = HashMap::new();
        for chunk in keys.chunks(CLAIMS_PER_STATEMENT) {
            let count = rounded(chunk.len());
            let text = format!(
                "SELECT scope, value, owner FROM claims WHERE (scope, value) IN (VALUES {})",
                placeholders(1, count, 2)
            );
            let select = filled(chunk, count).fold(sql(text), |select, (scope, value)| {
                select.bind(*scope).bind(value.as_str())
            });
            for row in tx.all(select).await? {
                stored.insert((row.text(0)?, row.text(1)?), row.text(2)?);
            }
        }
        for (scope, count) in &mut counts {
            let select = sql("SELECT COUNT(*) FROM claims WHERE scope = $1").bind(scope.name());
            *count = tx
                .optional(select)
                .await?
                .map(|row| row.int(0))
                .transpose()?
                .unwrap_or(0);
        }
        for (scope, value) in keys {
            let owner = stored.remove(&(scope.to_owned(), value.clone()));
            holders.insert((scope, value), owner);
        }
        Ok(Self {
            holders,
            counts,
            changed: BTreeSet::new(),
        })
    }

    /// Gives a unit what it claims, or nothing and the reason.
    pub(super) fn admit(&mut self, sealer: &Sealer, unit: &Unit) -> Result<(), Rejection> {
        let released: BTreeSet<Key> = unit.release.iter().map(|claim| key(sealer, claim)).collect();
        let mut taking: HashMap<&Claim, &str> = HashMap::new();
        for (claim, owner) in &unit.take {
            let key = key(sealer, claim);
            let holder = self.holders.get(&key).and_then(Option::as_ref);
            let by_another = holder.is_some_and(|holder| holder != owner) && !released.contains(&key);
            let twice = taking.insert(claim, owner).is_some_and(|other| other != owner);
            if by_another || twice {
                return Err(Rejection::ClaimTaken(claim.clone()));
            }
        }
        let held = |claim: &Claim| self.holders.get(&key(sealer, claim)).is_some_and(Option::is_some);
        let takes: BTreeSet<&Claim> = unit.take.iter().map(|(claim, _)| claim).collect();
        for claim in &unit.require {
            if !takes.contains(claim) && (!held(claim) || unit.release.contains(claim)) {
                return Err(Rejection::ClaimMissing(claim.clone()));
            }
        }
        for (scope, count) in &self.counts {
            let given_up = unit
                .release
                .iter()
                .filter(|claim| claim.scope == *scope && held(claim) && !takes.contains(claim))
                .count();
            let taken = takes
                .iter()
                .filter(|claim| claim.scope == *scope && !held(claim))
                .count();
            if given_up > taken && *count + taken as i64 - given_up as i64 <= 0 {
                return Err(Rejection::LastClaim(scope));
            }
        }
        for claim in &unit.release {
            self.put(key(sealer, claim), None);
        }
        for (claim, owner) in &unit.take {
            self.put(key(sealer, claim), Some(owner.clone()));
        }
        Ok(())
    }

    fn put(&mut self, key: Key, owner: Option<String>) {
        let before = self.holders.get(&key).is_some_and(Option::is_some);
        for (scope, count) in &mut self.counts {
            if scope.name() == key.0 {
                *count += i64::from(owner.is_some()) - i64::from(before);
            }
        }
        self.changed.insert(key.clone());
        self.holders.insert(key, owner);
    }

    /// The holders, once what changed is committed.
    pub(super) fn into_holders(self) -> impl Iterator<Item = (Key, Option<String>)> {
        self.holders.into_iter()
    }

    /// Writes what changed.
    pub(super) async fn store(&self, tx: &mut Tx<'_>) -> Result<(), LedgerError> {
        let (mut gone, mut held) = (Vec::new(), Vec::new());
        for key in &self.changed {
            match self.holders.get(key) {
                Some(Some(owner)) => held.push((key, owner)),
                _ => gone.push(key),
            }
        }
        for chunk in gone.chunks(MAX_ARGUMENTS / 2) {
            let text = format!(
                "DELETE FROM claims WHERE (scope, value) IN (VALUES {})",
                placeholders(1, chunk.len(), 2)
            );
            let delete = chunk.iter().fold(sql(text), |delete, (scope, value)| {
                delete.bind(*scope).bind(value.as_str())
            });
            tx.execute(delete).await?;
        }
        for chunk in held.chunks(MAX_ARGUMENTS / 3) {
            let text = format!(
                "INSERT INTO claims (scope, value, owner) VALUES {} \
                 ON CONFLICT (scope, value) DO UPDATE SET owner = EXCLUDED.owner",
                placeholders(1, chunk.len(), 3)
            );
            let insert = chunk.iter().fold(sql(text), |insert, ((scope, value), owner)| {
                insert.bind(*scope).bind(value.as_str()).bind(owner.as_str())
            });
            tx.execute(insert).await?;
        }
        Ok(())
    }
}

/// Drops the claims on personal values that `owner` has: a keyed hash of a name is still about its bearer.
pub(super) async fn forget_personal(tx: &mut Tx<'_>, owner: &str) -> Result<(), LedgerError> {
    for scope in aggregates::scopes().filter(|scope| scope.is_personal()) {
        let forget = sql("DELETE FROM claims WHERE scope = $1 AND owner = $2");
        tx.execute(forget.bind(scope.name()).bind(owner)).await?;
    }
    Ok(())
}

fn key(sealer: &Sealer, claim: &Claim) -> Key {
    let value = if claim.scope.is_personal() {
        sealer.claim_hash(&claim.value)
    } else {
        claim.value.clone()
    };
    (claim.scope.name(), value)
}
