//! What a state claims, and how a change alters it.

use std::collections::{BTreeMap, BTreeSet};

use super::{Claim, Limits, Scope};
use crate::Registered;

/// What a state claims, and what it requires others to claim, as [`crate::Claims`] declares them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Claimed {
    /// The claims that the aggregate holds.
    pub holds: BTreeSet<Claim>,
    /// The claims that others must hold.
    pub requires: BTreeSet<Claim>,
    /// How many claims there may be within the aggregate.
    pub limits: BTreeMap<&'static Scope, Limits>,
}

impl Claimed {
    pub(crate) fn of<A: Registered>(aggregate: &A, id: &str) -> Self {
        Self {
            holds: aggregate.claims(id),
            requires: aggregate.requires(),
            limits: aggregate.limits(),
        }
    }

    /// What the aggregate claims before and after a change. Of the claims that others must hold, only those that the change adds.
    pub(crate) fn change<A: Registered>(before: &A, after: &A, id: &str) -> (Self, Self) {
        let of = |aggregate: &A, requires| Self {
            holds: aggregate.claims(id),
            requires,
            limits: aggregate.limits(),
        };
        let requires = after.requires_since(before);
        (of(before, BTreeSet::new()), of(after, requires))
    }
}
