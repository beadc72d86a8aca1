//! Units: events that are appended together, or not at all.

use std::collections::BTreeSet;

use aggregates::{
    Claim, Claimed, NewEvent,
    claim::{Limits, Scope},
};

use authorization::Grounds;

use super::{Metadata, NewSnapshot};

/// An aggregate as it was when it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The type of the aggregate.
    pub aggregate_type: &'static str,
    /// The id of the aggregate.
    pub aggregate_id: String,
    /// The sequence of its last event; 0 before the first.
    pub sequence: i64,
}

/// An aggregate changes how many claims of a scope there may be within it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LimitChange {
    /// The scope.
    pub scope: &'static Scope,
    /// The id of the aggregate.
    pub within: String,
    /// The new limits; `None` if the aggregate no longer sets limits, for example because it is deleted.
    pub limits: Option<Limits>,
}

/// Events of one or several aggregates, with the claims that they take.
#[derive(Clone, Debug)]
pub struct Unit {
    /// The events in order; the sequences of each stream increase by one.
    pub events: Vec<NewEvent>,
    /// Claims to take, with their owner (an aggregate id).
    pub take: Vec<(Claim, String)>,
    /// Claims to give up.
    pub release: BTreeSet<Claim>,
    /// Claims that somebody must hold.
    pub require: BTreeSet<Claim>,
    /// Limits that change.
    pub limits: Vec<LimitChange>,
    /// Aggregates that must not have changed, even if the unit does not append to them.
    pub unchanged: Vec<Seen>,
    /// The grounds of the judgement that the caller may give what the events give.
    pub grounds: Grounds,
    /// The states after some of the events, to store as snapshots.
    pub snapshots: Vec<NewSnapshot>,
    /// The metadata of each event.
    pub metadata: Metadata,
}

impl Unit {
    /// A unit without events that claims nothing.
    pub fn new(metadata: Metadata) -> Self {
        Self {
            events: Vec::new(),
            take: Vec::new(),
            release: BTreeSet::new(),
            require: BTreeSet::new(),
            limits: Vec::new(),
            unchanged: Vec::new(),
            grounds: Grounds::default(),
            snapshots: Vec::new(),
            metadata,
        }
    }

    /// Adds what the change of an aggregate's state takes, gives up, newly requires and newly limits.
    pub(super) fn claim_difference(&mut self, id: &str, before: &Claimed, after: &Claimed) {
        let taken = after.holds.difference(&before.holds);
        self.take
            .extend(taken.map(|claim| (claim.clone(), id.to_owned())));
        self.release
            .extend(before.holds.difference(&after.holds).cloned());
        self.require
            .extend(after.requires.difference(&before.requires).cloned());
        if before.limits != after.limits {
            self.limit_difference(id, before, after);
        }
    }

    fn limit_difference(&mut self, id: &str, before: &Claimed, after: &Claimed) {
        let scopes: BTreeSet<&'static Scope> =
            before.limits.keys().chain(after.limits.keys()).copied().collect();
        for scope in scopes {
            let limits = after.limits.get(scope).copied();
            if before.limits.get(scope).copied() != limits {
                self.limits.push(LimitChange {
                    scope,
                    within: id.to_owned(),
                    limits,
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEAT: &Scope = &Scope::new("seat").limited_by_owner();
    const DESK: &Scope = &Scope::new("desk").limited_by_owner();

    fn limits(at_most: i64) -> Limits {
        Limits { at_least: 0, at_most }
    }

    fn change(scope: &'static Scope, limits: Option<Limits>) -> LimitChange {
        LimitChange {
            scope,
            within: "7".to_owned(),
            limits,
        }
    }

    fn claimed(limits: impl IntoIterator<Item = (&'static Scope, Limits)>) -> Claimed {
        Claimed {
            limits: limits.into_iter().collect(),
            ..Claimed::default()
        }
    }

    #[test]
    fn only_limits_that_differ_are_changed() {
        let (before, after) = (
            claimed([(SEAT, limits(2)), (DESK, limits(1))]),
            claimed([(SEAT, limits(2)), (DESK, limits(3))]),
        );
        let mut unit = Unit::new(Metadata::system("test"));
        unit.claim_difference("7", &before, &after);
        assert_eq!(unit.limits, [change(DESK, Some(limits(3)))]);
    }

    #[test]
    fn limits_come_and_go_with_their_aggregate() {
        let some = claimed([(SEAT, limits(2))]);
        let mut made = Unit::new(Metadata::system("test"));
        made.claim_difference("7", &Claimed::default(), &some);
        assert_eq!(made.limits, [change(SEAT, Some(limits(2)))]);
        let mut deleted = Unit::new(Metadata::system("test"));
        deleted.claim_difference("7", &some, &Claimed::default());
        assert_eq!(deleted.limits, [change(SEAT, None)]);
    }
}
