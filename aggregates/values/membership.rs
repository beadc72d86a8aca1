//! Memberships: a group, and the organisation to which it belongs.

use std::collections::{BTreeMap, BTreeSet};

use super::{GroupId, OrganisationId};

/// A group that somebody joins. The organisation of a group never changes, so the caller may know it from a read model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Membership {
    /// The group.
    pub group: GroupId,
    /// The organisation of the group; `None` for the group of global administrators.
    pub organisation: Option<OrganisationId>,
}

/// The organisations of groups in order, each once, and whether one of the groups is of no organisation.
pub(crate) fn organisations(
    groups: &BTreeMap<GroupId, Option<OrganisationId>>,
) -> (Vec<OrganisationId>, bool) {
    let each: BTreeSet<OrganisationId> = groups.values().flatten().copied().collect();
    (each.into_iter().collect(), groups.values().any(Option::is_none))
}
