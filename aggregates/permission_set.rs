//! Sets of permissions, as roles and users hold them: what a change of the set comes down to.

use std::collections::{BTreeMap, BTreeSet};

use crate::values::{Context, Operation, Permission, PermissionId, TopicFilter};

/// Two different rights would have the same id.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct IdTaken;

/// What makes one set out of another.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Difference {
    /// Permissions that go. They go first: their ids may be among those that come.
    pub(crate) removed: Vec<PermissionId>,
    /// Permissions that come.
    pub(crate) added: Vec<Permission>,
}

type Held = BTreeMap<PermissionId, Permission>;

/// What makes the rights in `held` exactly those in `wanted`. A right that is held keeps its id; a right that is
/// wanted twice comes once, under the first id.
pub(crate) fn replace(held: &Held, wanted: Vec<Permission>) -> Result<Difference, IdTaken> {
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
                return Err(IdTaken);
            }
            added.push(permission.clone());
        }
    }
    Ok(Difference {
        removed: removed.into_iter().map(|permission| permission.id).collect(),
        added,
    })
}

/// The permission that comes when `permission` is given besides those in `held`: none if the same right is held.
pub(crate) fn add(held: &Held, permission: Permission) -> Result<Option<Permission>, IdTaken> {
    if held.values().any(|other| other.same_right(&permission)) {
        return Ok(None);
    }
    if held.contains_key(&permission.id) {
        Err(IdTaken)
    } else {
        Ok(Some(permission))
    }
}

/// What a permission says, apart from its id.
type Right<'a> = (Context, Operation, &'a TopicFilter);

fn right(permission: &Permission) -> Right<'_> {
    (permission.context, permission.operation, &permission.resource)
}
