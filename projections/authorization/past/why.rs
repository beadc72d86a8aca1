//! Why a decision was made.

use super::{Cause, Grant, Holdings, Near, nearest};
use crate::{
    Principal,
    vocabularies::access::{Access, Part, Want},
};

/// Why a decision was made.
#[derive(Clone, Debug, PartialEq)]
pub struct Why {
    /// All parts that must be granted. Empty if nobody could do it.
    pub parts: Vec<PartWhy>,
}

/// Why a part is granted, or not.
#[derive(Clone, Debug, PartialEq)]
pub struct PartWhy {
    /// How many of its names must be granted.
    pub want: Want,
    /// The names. The list may be empty.
    pub names: Vec<NameWhy>,
}

/// Why a name is granted, or not.
#[derive(Clone, Debug, PartialEq)]
pub struct NameWhy {
    /// The path, topic, filter or name that must be granted: with the publish prefix, without the name of a shared
    /// subscription.
    pub resource: String,
    /// The event that set the publish prefix, if the resource has one before it.
    pub prefixed_by: Option<Cause>,
    /// The grants that allow it, the oldest first, at most a hundred. Any one of them is enough.
    pub grants: Vec<Grant>,
    /// How many more grants allow it.
    pub left_out: usize,
    /// If nothing allows it, the grants that came nearest. The list is empty only if the subject has no grants, or if the name is too
    /// long to be granted.
    pub nearest: Vec<Near>,
}

/// How many grants are listed.
const MOST: usize = 100;

impl Why {
    pub(super) fn of(holdings: &Holdings, principal: Option<Principal>, access: &Access<'_>) -> Self {
        let held = principal.map_or_else(Vec::new, |principal| holdings.grants(principal));
        let prefix = principal.and_then(|principal| holdings.prefix(principal));
        let parts = access.parts().map(|part| PartWhy {
            want: part.want(),
            names: part
                .names()
                .map(|name| NameWhy::of(&held, prefix, part, name))
                .collect(),
        });
        Self {
            parts: parts.collect(),
        }
    }

    /// The first part that does not hold; if all hold, the first part.
    pub fn deciding_part(&self) -> Option<&PartWhy> {
        let failed = self.parts.iter().find(|part| !part.holds());
        failed.or(self.parts.first())
    }

    /// The name on which the deciding part depends, if the part has names. If the part fails, this is the first name
    /// that is not granted; else the first that is.
    pub fn deciding(&self) -> Option<&NameWhy> {
        let part = self.deciding_part()?;
        let holds = part.holds();
        part.names.iter().find(|name| name.is_granted() == holds)
    }
}

impl PartWhy {
    /// Whether enough of its names are granted.
    pub fn holds(&self) -> bool {
        match self.want {
            Want::Any => self.names.iter().any(NameWhy::is_granted),
            Want::All => !self.names.is_empty() && self.names.iter().all(NameWhy::is_granted),
        }
    }
}

impl NameWhy {
    fn of(held: &[Grant], prefix: Option<(&str, &Cause)>, part: &Part<'_>, name: &str) -> Self {
        let prefix = prefix.filter(|_| part.takes_prefix());
        let resource = part
            .effective(name, prefix.map(|(prefix, _)| prefix))
            .into_owned();
        let allows = |grant: &&Grant| nearest::lacks(grant, part, &resource).1.is_empty();
        // A name that is too long with its prefix cannot be granted.
        let possible = part.question_of(&resource).is_some();
        let allowing: Vec<&Grant> = held.iter().filter(|_| possible).filter(allows).collect();
        let grants: Vec<Grant> = allowing.iter().take(MOST).map(|grant| (*grant).clone()).collect();
        let nearest = match grants.is_empty() && possible {
            true => nearest::nearest(held, part, &resource),
            false => Vec::new(),
        };
        Self {
            prefixed_by: prefix.map(|(_, cause)| cause.clone()),
            resource,
            left_out: allowing.len() - grants.len(),
            grants,
            nearest,
        }
    }

    /// Whether a grant allows it.
    pub fn is_granted(&self) -> bool {
        !self.grants.is_empty()
    }
}
