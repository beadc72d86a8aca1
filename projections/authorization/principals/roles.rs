//! Roles as readers see them: immutable, replaced whole.

use std::sync::Arc;

use aggregates::{
    role::RoleEvent,
    values::{RoleId, RoleName},
};

use super::subject::{Reason, Subject, SubjectType};
use crate::patterns::{grants::Grants, permissions::Permissions};

/// A role by its id.
pub(crate) const BY_ID: SubjectType = SubjectType {
    name: "role",
    read: |id| RoleId::parse(id).map(Subject::Role).map_err(|_| Reason::Unknown),
};

/// Where a role is kept. Never used for another role, so that what a user still holds of a deleted role can never
/// come to mean another one. The ids of roles are four times as long.
pub(crate) type RoleIndex = u32;

/// A role. What a check does not need is elsewhere, so that what it needs lies together.
#[derive(Clone, Debug)]
pub(crate) struct Role {
    /// What it grants.
    pub(crate) grants: Grants,
    /// The rest.
    pub(crate) details: Arc<Details>,
}

/// What there is to say of a role.
#[derive(Clone, Debug)]
pub(crate) struct Details {
    /// Its id.
    pub(crate) id: RoleId,
    /// What it grants, as it was said.
    pub(crate) permissions: Permissions,
    /// Its name.
    pub(crate) name: RoleName,
    /// May be held by more than one user.
    pub(crate) is_shared: bool,
    /// Made by a service.
    pub(crate) auto_generated: bool,
}

/// What becomes of a role by an event.
pub(crate) fn fold(role: Option<Role>, id: RoleId, event: &RoleEvent) -> Option<Role> {
    match event {
        RoleEvent::Created {
            name,
            is_shared,
            auto_generated,
            protected: _,
        } => role.or_else(|| {
            let details = Details {
                id,
                permissions: Permissions::default(),
                name: name.clone(),
                is_shared: *is_shared,
                auto_generated: *auto_generated,
            };
            Some(Role {
                grants: Grants::default(),
                details: Arc::new(details),
            })
        }),
        RoleEvent::Renamed { name } => changed(role, |details| details.name.clone_from(name)),
        RoleEvent::SharingChanged { is_shared } => changed(role, |details| details.is_shared = *is_shared),
        RoleEvent::PermissionAdded { permission } => {
            changed(role, |details| details.permissions.add(permission.clone()))
        }
        RoleEvent::PermissionChanged {
            id,
            resource,
            operation,
        } => changed(role, |details| {
            details.permissions.change(*id, resource, *operation);
        }),
        RoleEvent::PermissionRemoved { id } => changed(role, |details| details.permissions.remove(*id)),
        RoleEvent::Deleted {} => None,
    }
}

fn changed(role: Option<Role>, change: impl FnOnce(&mut Details)) -> Option<Role> {
    role.map(|mut role| {
        change(Arc::make_mut(&mut role.details));
        role
    })
}

/// Whether an event changes what its role grants.
pub(crate) fn changes_grants(event: &RoleEvent) -> bool {
    match event {
        RoleEvent::PermissionAdded { .. }
        | RoleEvent::PermissionChanged { .. }
        | RoleEvent::PermissionRemoved { .. } => true,
        RoleEvent::Created { .. }
        | RoleEvent::Renamed { .. }
        | RoleEvent::SharingChanged { .. }
        | RoleEvent::Deleted {} => false,
    }
}

/// Whether an event ends its role. An index is never used again: a role that is made anew gets another one.
pub(crate) fn ends(event: &RoleEvent) -> bool {
    match event {
        RoleEvent::Deleted {} => true,
        RoleEvent::Created { .. }
        | RoleEvent::Renamed { .. }
        | RoleEvent::SharingChanged { .. }
        | RoleEvent::PermissionAdded { .. }
        | RoleEvent::PermissionChanged { .. }
        | RoleEvent::PermissionRemoved { .. } => false,
    }
}
