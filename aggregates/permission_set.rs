//! Sets of permissions, as roles and users hold them: computes the difference between two sets.

use std::collections::{BTreeMap, BTreeSet};

use crate::values::{Context, Invalid, Operation, Permission, PermissionId, TopicFilter};

/// Why a permission is not added.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// Two different rights would get the same id.
    IdTaken,
    /// The permission breaks a rule.
    Invalid(Invalid),
}

impl From<Invalid> for Refused {
    fn from(invalid: Invalid) -> Self {
        Self::Invalid(invalid)
    }
}

/// The difference that turns one set into another.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Difference {
    /// Permissions to remove. They go first, since an added permission may reuse one of their ids.
    pub(crate) removed: Vec<PermissionId>,
    /// Permissions to add.
    pub(crate) added: Vec<Permission>,
}

type Held = BTreeMap<PermissionId, Permission>;

/// The difference that makes the rights in `held` exactly those in `wanted`. A right that is already held keeps its id.
/// A right that is wanted twice is added once, under the first id. A right that is already held may break
/// the rules for new ones: it may be older than they are.
pub(crate) fn replace(held: &Held, wanted: Vec<Permission>) -> Result<Difference, Refused> {
    let wanted_rights: BTreeSet<Right<'_>> = wanted.iter().map(right).collect();
    let (kept, removed): (Vec<_>, Vec<_>) = held
        .values()
        .partition(|permission| wanted_rights.contains(&right(permission)));

    let mut rights: BTreeSet<Right<'_>> = kept.iter().copied().map(right).collect();
    let mut ids: BTreeSet<PermissionId> = kept.iter().map(|permission| permission.id).collect();
    let mut added = Vec::new();
    for permission in &wanted {
        if rights.insert(right(permission)) {
            if !ids.insert(permission.id) {
                return Err(Refused::IdTaken);
            }
            permission.must_be_of_use()?;
            added.push(permission.clone());
        }
    }
    Ok(Difference {
        removed: removed.into_iter().map(|permission| permission.id).collect(),
        added,
    })
}

/// The permission to add when a command adds `permission` to those in `held`; `None` if the same right is held already.
pub(crate) fn add(held: &Held, permission: Permission) -> Result<Option<Permission>, Refused> {
    if held.values().any(|other| other.same_right(&permission)) {
        return Ok(None);
    }
    permission.must_be_of_use()?;
    if held.contains_key(&permission.id) {
        Err(Refused::IdTaken)
    } else {
        Ok(Some(permission))
    }
}

/// The content of a permission: everything but its id.
type Right<'a> = (Context, Operation, &'a TopicFilter);

fn right(permission: &Permission) -> Right<'_> {
    (permission.context, permission.operation, &permission.resource)
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;
    use crate::testing::{any_permission, permission, permission_id};

    fn held(permissions: Vec<Permission>) -> Held {
        permissions
            .into_iter()
            .map(|permission| (permission.id, permission))
            .collect()
    }

    #[test]
    fn a_right_that_is_held_keeps_its_id() {
        let difference = replace(
            &held(vec![permission(1, "a")]),
            vec![permission(2, "a"), permission(3, "b")],
        );
        assert_eq!(
            difference,
            Ok(Difference {
                removed: vec![],
                added: vec![permission(3, "b")]
            })
        );
    }

    #[test]
    fn an_id_may_pass_to_another_right() {
        let difference = replace(&held(vec![permission(1, "a")]), vec![permission(1, "b")]);
        assert_eq!(
            difference,
            Ok(Difference {
                removed: vec![permission_id(1)],
                added: vec![permission(1, "b")]
            })
        );
    }

    #[test]
    fn an_id_that_a_kept_right_has_is_taken() {
        let difference = replace(
            &held(vec![permission(1, "a")]),
            vec![permission(2, "a"), permission(1, "b")],
        );
        assert_eq!(difference, Err(Refused::IdTaken));
    }

    #[test]
    fn two_rights_cannot_come_under_one_id() {
        assert_eq!(
            replace(&held(vec![]), vec![permission(1, "a"), permission(1, "b")]),
            Err(Refused::IdTaken)
        );
    }

    #[test]
    fn a_right_that_breaks_a_rule_stays_but_is_not_added() {
        let old = held(vec![permission(1, "$share/workers/a")]);
        let again = permission(2, "$share/workers/a");
        assert_eq!(replace(&old, vec![again.clone()]), Ok(Difference::default()));
        assert_eq!(add(&old, again.clone()), Ok(None));
        let broken = again.must_be_of_use().unwrap_err();
        assert_eq!(
            replace(&held(vec![]), vec![again.clone()]),
            Err(Refused::Invalid(broken.clone()))
        );
        assert_eq!(add(&held(vec![]), again), Err(Refused::Invalid(broken)));
    }

    #[test]
    fn permissions_that_say_the_same_stay_together() {
        let twice = held(vec![permission(1, "a"), permission(2, "a")]);
        assert_eq!(
            replace(&twice, vec![permission(2, "a")]),
            Ok(Difference::default())
        );
        assert_eq!(
            replace(&twice, vec![]).unwrap().removed,
            vec![permission_id(1), permission_id(2)]
        );
    }

    proptest! {
        #[test]
        fn replacing_gives_exactly_the_wanted_rights(
            before in vec(any_permission(), 0..6),
            wanted in vec(any_permission(), 0..6),
        ) {
            let before = held(before);
            if let Ok(difference) = replace(&before, wanted.clone()) {
                let mut after = before.clone();
                after.retain(|id, _| !difference.removed.contains(id));
                let kept = after.len();
                let coming = difference.added.len();
                after.extend(held(difference.added));
                prop_assert_eq!(after.len(), kept + coming);
                let rights: BTreeSet<_> = after.values().map(right).collect();
                prop_assert_eq!(rights, wanted.iter().map(right).collect::<BTreeSet<_>>());
                prop_assert_eq!(replace(&after, wanted), Ok(Difference::default()));
            }
        }
    }
}
