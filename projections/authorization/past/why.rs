//! Why a decision is as it is.

use super::{Cause, Grant, Holdings, Near, nearest};
use crate::{Access, Principal};

/// Why a decision is as it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Why {
    /// The path, topic or filter that had to be granted: with the publish prefix, without the name of a shared
    /// subscription.
    pub resource: String,
    /// The event that gave the publish prefix, if there is one before the resource.
    pub prefixed_by: Option<Cause>,
    /// The grants that allow it, the oldest first, at most a hundred. Any one of them would.
    pub grants: Vec<Grant>,
    /// How many more there are.
    pub left_out: usize,
    /// If nothing allows it, the grants that came nearest.
    pub nearest: Vec<Near>,
}

/// How many grants are told.
const MOST: usize = 100;

pub(super) fn why(holdings: &Holdings, principal: Option<Principal>, access: &Access<'_>) -> Why {
    let prefix = principal
        .and_then(|principal| holdings.prefix(principal))
        .filter(|_| access.takes_prefix());
    let resource = access.effective(prefix.map(|(prefix, _)| prefix)).into_owned();
    let held = principal.map_or_else(Vec::new, |principal| holdings.grants(principal));
    let allows = |grant: &&Grant| {
        grant.permission.context == access.context() && nearest::lacks(grant, access, &resource).1.is_empty()
    };
    // What is too long with its prefix is nothing that could be granted.
    let possible = access.question_of(&resource).is_some();
    let allowing: Vec<&Grant> = held.iter().filter(|_| possible).filter(allows).collect();
    let grants: Vec<Grant> = allowing.iter().take(MOST).map(|grant| (*grant).clone()).collect();
    let nearest = match grants.is_empty() && possible {
        true => nearest::nearest(&held, access, &resource),
        false => Vec::new(),
    };
    Why {
        prefixed_by: prefix.map(|(_, cause)| cause.clone()),
        resource,
        left_out: allowing.len() - grants.len(),
        grants,
        nearest,
    }
}
