//! Recomputes what the aggregates claim by folding their events, and compares it with what is stored.
//!
//! A claim is stored when the state of an aggregate changes. So a program with a new scope, or another rule, finds aggregates whose claims are not
//! stored, and nothing that is stored says so.

mod flaws;
mod mend;
mod walk;

use std::collections::{BTreeMap, HashMap};

use aggregates::{
    Claim,
    claim::{Limits, Scope},
    sealing::ERASED,
};
use projections::sql::{Boxed, Tx, sql};
use sha2::{Digest, Sha256};
use uuid::Uuid;

pub use self::flaws::{ClaimFlaw, ComparedClaims, StoredClaim};
use self::walk::Walk;
use super::{Key, Owner, key};
use crate::{Head, Ledger, LedgerError, Sealer, executor::Stream};

/// How many events or claims are read at once.
const PAGE: i64 = 5_000;
/// How many flaws are found at most. The next run finds the others.
const MOST: usize = 1_000_000;

/// Half of the SHA-256 of the key of a claim: with it, a claim takes 16 bytes of memory whatever its value is.
type Short = [u8; 16];

fn short((scope, value): (&str, &str)) -> Short {
    let mut hash = Sha256::new();
    hash.update(scope.as_bytes());
    hash.update([0]);
    hash.update(value.as_bytes());
    let digest: [u8; 32] = hash.finalize().into();
    let mut half = [0; 16];
    half.copy_from_slice(&digest[..16]);
    half
}

impl Ledger {
    /// Folds all streams, and compares what their aggregates claim with the stored claims and limits, all in one state of the ledger. It passes the
    /// number of events on the way to `progress`.
    pub fn compare_claims<'a>(
        &'a self,
        progress: impl FnMut(i64) + Send + 'a,
    ) -> Boxed<'a, Result<ComparedClaims, LedgerError>> {
        Box::pin(async move {
            let mut tx = self.db.snapshot().await?;
            let position = Head::read_in(&mut tx).await?.position;
            let compared = compare(&mut tx, &self.sealer, progress).await?;
            Ok(ComparedClaims { position, ..compared })
        })
    }
}

async fn compare(
    tx: &mut Tx<'_>,
    sealer: &Sealer,
    mut progress: impl FnMut(i64) + Send,
) -> Result<ComparedClaims, LedgerError> {
    let mut compared = ComparedClaims::default();
    let (mut claimed, mut limits) = (Vec::new(), BTreeMap::new());
    let mut walk = Walk::new(sealer);
    while let Some(states) = walk.next(tx).await? {
        progress(walk.events);
        for (stream, state) in &states {
            let of_state = state.claimed(&stream.1);
            let owner = Owner::of(&stream.1).0;
            claimed.extend(of_state.holds.iter().filter_map(|claim| {
                let key = stored(sealer, claim)?;
                Some((short((key.0, &key.1)), owner))
            }));
            for (scope, limit) in of_state.limits {
                limits.insert((scope.name(), stream.1.clone()), (stream.0, limit));
            }
        }
    }
    claimed.sort_unstable();
    claimed.dedup();
    compared.claims = claimed.len() as u64;
    let found = Found::among(tx, &claimed).await?;
    compared.flaws.extend(found.unfounded);
    for (scope, within, stored) in stored_limits(tx).await? {
        let should = limits.remove(&(scope, within.clone()));
        if let Some((aggregate_type, should)) = should.filter(|(_, should)| *should != stored) {
            compared
                .flaws
                .push(limits_of(scope, (aggregate_type, within), should));
        }
    }
    let unset = limits.into_iter();
    compared.flaws.extend(
        unset.map(|((scope, id), (aggregate_type, limits))| limits_of(scope, (aggregate_type, id), limits)),
    );
    if found.wrong.is_empty() {
        return Ok(compared);
    }
    // Something is wrong, so all streams are folded once more, to name it.
    let mut named: HashMap<Short, (StoredClaim, Vec<Stream>)> = HashMap::new();
    let mut walk = Walk::new(sealer);
    while let Some(states) = walk.next(tx).await? {
        for (stream, state) in states {
            for claim in state.claimed(&stream.1).holds {
                let Some(key) = stored(sealer, &claim) else {
                    continue;
                };
                let at = short((key.0, &key.1));
                if found.wrong.contains_key(&at) && named.len() < MOST {
                    let claim = StoredClaim {
                        scope: key.0.to_owned(),
                        value: key.1,
                    };
                    let entry = named.entry(at).or_insert_with(|| (claim, Vec::new()));
                    entry.1.push(stream.clone());
                }
            }
        }
    }
    let mut flaws: Vec<ClaimFlaw> = named
        .into_iter()
        .flat_map(|(at, (claim, claimants))| {
            judged(claim, claimants, found.wrong.get(&at).copied().flatten())
        })
        .collect();
    flaws.sort_by_key(ToString::to_string);
    compared.flaws.extend(flaws);
    Ok(compared)
}

fn limits_of(scope: &'static str, aggregate: (&'static str, String), limits: Limits) -> ClaimFlaw {
    ClaimFlaw::Limits {
        scope,
        aggregate,
        limits,
    }
}

/// What is wrong with a claim of these aggregates that is stored for this owner.
fn judged(claim: StoredClaim, mut claimants: Vec<Stream>, stored: Option<Uuid>) -> Vec<ClaimFlaw> {
    let scope = aggregates::scopes()
        .map(Scope::name)
        .find(|name| *name == claim.scope);
    // The one for whom it is stored comes first.
    claimants.sort_by_key(|stream| Some(Owner::of(&stream.1).0) != stored);
    let mut claimants = claimants.into_iter();
    let Some(one) = claimants.next() else {
        return Vec::new();
    };
    let mut flaws = Vec::new();
    if Some(Owner::of(&one.1).0) != stored {
        flaws.push(ClaimFlaw::Missing {
            claim,
            claimant: one.clone(),
            stored,
        });
    }
    flaws.extend(claimants.map(|other| ClaimFlaw::Twice {
        scope: scope.unwrap_or_default(),
        one: one.clone(),
        other,
    }));
    flaws
}

/// The key under which a claim is stored; `None` if it is not stored, since its value is erased.
fn stored(sealer: &Sealer, claim: &Claim) -> Option<Key> {
    let is_erased = claim.scope.is_personal() && claim.value == ERASED;
    (!is_erased).then(|| key(sealer, claim))
}

/// What the stored claims are, compared with those of the aggregates.
struct Found {
    /// The claims that are not stored for exactly the one aggregate that has them, and for whom they are stored.
    wrong: HashMap<Short, Option<Uuid>>,
    unfounded: Vec<ClaimFlaw>,
}

impl Found {
    /// Reads the stored claims of the scopes that the aggregates declare. `claimed` is in order.
    async fn among(tx: &mut Tx<'_>, claimed: &[(Short, Uuid)]) -> Result<Self, LedgerError> {
        let mut right = vec![false; claimed.len()];
        let (mut elsewhere, mut unfounded) = (HashMap::new(), Vec::new());
        for scope in aggregates::scopes() {
            let mut after = String::new();
            loop {
                let page =
                    "SELECT value, owner FROM claims WHERE scope = $1 AND value > $2 ORDER BY value LIMIT $3";
                let page = sql(page).bind(scope.name()).bind(after.as_str()).bind(PAGE);
                let rows = tx.all(page).await?;
                let Some(last) = rows.last() else {
                    break;
                };
                after = last.text(0)?;
                for row in &rows {
                    let (value, owner) = (row.text(0)?, row.id(1)?);
                    let at = short((scope.name(), &value));
                    let first = claimed.partition_point(|(key, _)| *key < at);
                    let mut claimants = claimed
                        .iter()
                        .enumerate()
                        .skip(first)
                        .take_while(|(_, (key, _))| *key == at);
                    match claimants.clone().next() {
                        None => {
                            if unfounded.len() < MOST {
                                let scope = scope.name().to_owned();
                                let claim = StoredClaim { scope, value };
                                unfounded.push(ClaimFlaw::Unfounded { claim, owner });
                            }
                        }
                        Some(_) => match claimants.find(|(_, (_, claimant))| *claimant == owner) {
                            Some((place, _)) => {
                                if let Some(right) = right.get_mut(place) {
                                    *right = true;
                                }
                            }
                            None => drop(elsewhere.insert(at, owner)),
                        },
                    }
                }
            }
        }
        let mut wrong = HashMap::new();
        for (place, (at, _)) in claimed.iter().enumerate() {
            if !right.get(place).copied().unwrap_or_default() && wrong.len() < MOST {
                let holder = claimed
                    .iter()
                    .zip(&right)
                    .skip(claimed.partition_point(|(key, _)| key < at));
                let mut holder = holder
                    .take_while(|((key, _), _)| key == at)
                    .filter(|(_, right)| **right);
                let owner = holder.next().map(|((_, owner), _)| *owner);
                wrong.insert(*at, owner.or_else(|| elsewhere.get(at).copied()));
            }
        }
        Ok(Self { wrong, unfounded })
    }
}

/// The limits that are stored, by scope and aggregate.
async fn stored_limits(tx: &mut Tx<'_>) -> Result<Vec<(&'static str, String, Limits)>, LedgerError> {
    let mut all = Vec::new();
    for scope in aggregates::scopes().filter(|scope| scope.is_counted()) {
        let mut after = String::new();
        loop {
            let page = "SELECT within_id, at_least, at_most FROM claim_counts WHERE scope = $1 AND within_id > $2 \
                        AND at_least IS NOT NULL AND at_most IS NOT NULL ORDER BY within_id LIMIT $3";
            let rows = tx
                .all(sql(page).bind(scope.name()).bind(after.as_str()).bind(PAGE))
                .await?;
            let Some(last) = rows.last() else {
                break;
            };
            after = last.text(0)?;
            for row in &rows {
                let limits = Limits {
                    at_least: row.int(1)?,
                    at_most: row.int(2)?,
                };
                all.push((scope.name(), row.text(0)?, limits));
            }
        }
    }
    Ok(all)
}
