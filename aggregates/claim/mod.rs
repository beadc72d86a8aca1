//! Claims: what an aggregate holds that nobody else may hold.
//!
//! Claims are a function of an aggregate's state. The executor compares the claims before and after a decision. The
//! ledger writes the difference in the transaction that writes the events. So the ledger refuses a taken name under the
//! lock that orders the events; a read model that is behind cannot let the name pass.
//!
//! An aggregate declares the scopes of its claims with `scopes!`, in its file `claims.rs`.

mod claimed;
mod scope;

use std::collections::{BTreeMap, BTreeSet};

pub use claimed::Claimed;
pub(crate) use scope::scopes;
pub use scope::{Alike, Bounds, Limits, Scope, Wording};

/// A value that an aggregate holds. It is unique within its scope over the whole ledger.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Claim {
    /// The kind of the value.
    pub scope: &'static Scope,
    /// The id of the aggregate within which the value is unique, such as one organisation. Empty if the value is unique
    /// in the whole scope.
    pub within: String,
    /// The value, in its normal form.
    pub value: String,
}

impl Claim {
    /// Claims `value` in the whole `scope`.
    pub fn new(scope: &'static Scope, value: impl Into<String>) -> Self {
        Self::within(scope, String::new(), value)
    }

    /// Claims `value` in `scope` within the aggregate `id`, such as a seat in one organisation.
    pub fn within(scope: &'static Scope, id: impl Into<String>, value: impl Into<String>) -> Self {
        Self {
            scope,
            within: id.into(),
            value: value.into(),
        }
    }
}

/// An aggregate that declares what it holds and what it needs.
pub trait Claims {
    /// The claims that the aggregate of this id holds in this state.
    fn claims(&self, aggregate_id: &str) -> BTreeSet<Claim>;

    /// The claims of *other* aggregates that must exist, e.g. the roles that a user holds. The ledger checks only those
    /// that a decision adds.
    fn requires(&self) -> BTreeSet<Claim> {
        BTreeSet::new()
    }

    /// What the aggregate requires in this state and did not require in the state `before`. An aggregate that requires many claims
    /// overrides this, so that a decision does not cost more the more there are.
    fn requires_since(&self, before: &Self) -> BTreeSet<Claim> {
        self.requires().difference(&before.requires()).cloned().collect()
    }

    /// How many claims there may be within this aggregate, by scope: e.g. the seats of an organisation. A scope that is
    /// missing here admits no further claim.
    fn limits(&self) -> BTreeMap<&'static Scope, Limits> {
        BTreeMap::new()
    }
}
