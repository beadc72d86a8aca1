//! Values that are alike: for each key of a scope's [`Alike`], the ledger keeps the aggregates that claim a value with this key.
//!
//! There is at most one such aggregate, unless the values were claimed before the scope had the rule. The first aggregate of a key has
//! a row in the scope `Alike::name` of the table of claims. If there are more, they have the places 2, 3, … in the scope
//! `Alike::others`. The places have no gaps. See docs/decisions/0017-names-that-look-alike.md.

mod fill;
mod pairs;

pub use fill::Incomplete;
pub(super) use fill::{establish, forget};
pub use pairs::{AlikeNames, AlikePair};

use aggregates::{Claim, claim::Alike};

use super::{
    Sealer,
    claims::{CLAIMS_PER_STATEMENT, Key},
};

/// Up to which place a list is read next, if all of its first `places` places have owners. There are few steps even if a list is
/// long: before the rule, somebody may have made thousands of names that are alike.
pub(super) fn next_places(places: usize) -> usize {
    (2 * places).min(places + CLAIMS_PER_STATEMENT)
}

/// The aggregates that claim a value with one key.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct List {
    name: &'static str,
    others: &'static str,
    key: String,
}

impl List {
    /// The list to which a claim belongs, if its scope has such lists.
    pub(super) fn of(sealer: &Sealer, claim: &Claim) -> Option<Self> {
        let alike = claim.scope.alike()?;
        // Also hashed if the values are not personal: a key may be longer than an index of Postgres allows.
        let mut key = sealer.claim_hash(&(alike.key)(&claim.value));
        if !claim.within.is_empty() {
            key = format!("{}/{key}", claim.within);
        }
        Some(Self::new(alike, key))
    }

    fn new(alike: &Alike, key: String) -> Self {
        Self {
            name: alike.name,
            others: alike.others,
            key,
        }
    }

    /// The key of the row that holds a place of the list. Places are counted from 1.
    pub(super) fn place(&self, number: usize) -> Key {
        if number <= 1 {
            (self.name, self.key.clone())
        } else {
            (self.others, format!("{number}/{}", self.key))
        }
    }

    /// The list to which the row with this scope and value belongs.
    fn with_row(alike: &Alike, scope: &str, value: &str) -> Option<Self> {
        if scope == alike.name {
            return Some(Self::new(alike, value.to_owned()));
        }
        let (_, key) = value.split_once('/')?;
        Some(Self::new(alike, key.to_owned()))
    }
}
