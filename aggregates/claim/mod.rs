//! Claims: what an aggregate holds that nobody else may hold.
//!
//! Claims are a function of an aggregate's state. The executor compares the claims before and after a decision. The
//! ledger writes the difference in the transaction that writes the events, so a taken name is refused under the lock
//! that orders the events, and never by a reader that was too slow.
//!
//! An aggregate declares the scopes of its claims with `scopes!`, in its file `claims.rs`.

mod scope;

use std::collections::{BTreeMap, BTreeSet};

pub(crate) use scope::scopes;
pub use scope::{Bounds, Limits, Scope, Wording};

/// One thing held: its value is unique within its scope over the whole ledger.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Claim {
    /// What kind of thing it is.
    pub scope: &'static Scope,
    /// The aggregate within which the value is unique, for scopes that are made at run time; else empty.
    pub within: String,
    /// The thing itself, in its normal form.
    pub value: String,
}

impl Claim {
    /// A claim of `value` in `scope`.
    pub fn new(scope: &'static Scope, value: impl Into<String>) -> Self {
        Self::within(scope, String::new(), value)
    }

    /// A claim of `value` in the scope that the aggregate `id` has for itself, such as a seat in one organisation.
    pub fn within(scope: &'static Scope, id: impl Into<String>, value: impl Into<String>) -> Self {
        Self {
            scope,
            within: id.into(),
            value: value.into(),
        }
    }
}

/// An aggregate that says what it holds and what it needs.
pub trait Claims {
    /// The claims held in this state by the aggregate of this id.
    fn claims(&self, aggregate_id: &str) -> BTreeSet<Claim>;

    /// Claims of *others* that must exist for this state to be right, e.g. the roles a user holds. Only those
    /// that a decision adds are checked.
    fn requires(&self) -> BTreeSet<Claim> {
        BTreeSet::new()
    }

    /// How many claims there may be within this aggregate, by scope: e.g. the seats of an organisation. A scope that is
    /// not named admits no further claim.
    fn limits(&self) -> BTreeMap<&'static Scope, Limits> {
        BTreeMap::new()
    }
}
