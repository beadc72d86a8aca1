//! Roles as readers see them: immutable, replaced whole.

use std::sync::Arc;

use aggregates::{
    role::RoleEvent,
    values::{RoleId, RoleName},
};

use super::{grants::Grants, permissions::Permissions};

/// Where a role is kept. Never used for another role, so that what a user still holds of a deleted role can never
/// come to mean another one. The ids of roles are four times as long.
pub(super) type RoleIndex = u32;

/// A role. What a check does not need is elsewhere, so that what it needs lies together.
#[derive(Clone, Debug)]
pub(super) struct Role {
    /// What it grants.
    pub(super) grants: Grants,
    /// The rest.
    pub(super) details: Arc<Details>,
}

/// What there is to say of a role.
#[derive(Clone, Debug)]
pub(super) struct Details {
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
        let details = Details {
            id,
            permissions: Permissions::default(),
            name: name.clone(),
            is_shared: *is_shared,
            auto_generated: *auto_generated,
        };
        return Some(Role {
            grants: Grants::default(),
            details: Arc::new(details),
        });
    };
    let details = Arc::make_mut(&mut role.details);
    match event {
        RoleEvent::Created { .. } => {}
        RoleEvent::Renamed { name } => details.name.clone_from(name),
        RoleEvent::SharingChanged { is_shared } => details.is_shared = *is_shared,
        RoleEvent::PermissionAdded { permission } => details.permissions.add(permission.clone()),
        RoleEvent::PermissionChanged {
            id,
            resource,
            operation,
        } => {
            details.permissions.change(*id, resource, *operation);
        }
        RoleEvent::PermissionRemoved { id } => details.permissions.remove(*id),
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
