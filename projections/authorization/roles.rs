//! Roles as readers see them: immutable, replaced whole.

use aggregates::{
    role::RoleEvent,
    values::{RoleId, RoleName},
};

use super::{permissions::Permissions, trie::Trie};

/// Where a role is kept. Never used for another role, so that what a user still holds of a deleted role can never
/// come to mean another one. The ids of roles are four times as long.
pub(super) type RoleIndex = u32;

/// A role.
#[derive(Clone, Debug)]
pub(super) struct Role {
    /// What it grants. First, since it is all that a check needs.
    pub(super) trie: Trie,
    /// Its id.
    pub(super) id: RoleId,
    /// What it grants, as it was said.
    pub(super) permissions: Permissions,
    /// Its name.
    pub(super) name: RoleName,
    /// May be held by more than one user.
    pub(super) is_shared: bool,
    /// Made by a service.
    pub(super) auto_generated: bool,
}

/// What becomes of a role: folds an event.
pub(super) fn fold(role: Option<Role>, id: RoleId, event: &RoleEvent) -> Option<Role> {
    let Some(mut role) = role else {
        let RoleEvent::Created {
            name,
            is_shared,
            auto_generated,
            ..
        } = event
        else {
            return None;
        };
        return Some(Role {
            trie: Trie::default(),
            id,
            permissions: Permissions::default(),
            name: name.clone(),
            is_shared: *is_shared,
            auto_generated: *auto_generated,
        });
    };
    match event {
        RoleEvent::Created { .. } => {}
        RoleEvent::Renamed { name } => role.name.clone_from(name),
        RoleEvent::SharingChanged { is_shared } => role.is_shared = *is_shared,
        RoleEvent::PermissionAdded { permission } => role.permissions.add(permission.clone()),
        RoleEvent::PermissionChanged {
            id,
            resource,
            operation,
        } => {
            role.permissions.change(*id, resource, *operation);
        }
        RoleEvent::PermissionRemoved { id } => role.permissions.remove(*id),
        RoleEvent::Deleted {} => return None,
    }
    Some(role)
}

/// Whether an event changes what its role grants.
pub(super) fn changes_grants(event: &RoleEvent) -> bool {
    matches!(
        event,
        RoleEvent::PermissionAdded { .. }
            | RoleEvent::PermissionChanged { .. }
            | RoleEvent::PermissionRemoved { .. }
    )
}
