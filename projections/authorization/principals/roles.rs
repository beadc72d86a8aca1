//! Roles as readers see them: immutable, replaced as a whole.

use std::sync::Arc;

use aggregates::{
    role::RoleEvent,
    values::{RoleId, RoleName},
};

use super::subject::{Reason, Search, Subject, SubjectType};
use crate::patterns::{grants::Grants, permissions::Permissions};

/// The subject type of a role, by its id.
pub(crate) const BY_ID: SubjectType = SubjectType {
    name: "role",
    read: |id| RoleId::parse(id).map(Subject::Role).map_err(|_| Reason::Unknown),
    search: Search::Roles,
};

/// Where a role is kept. An index is never used for another role. So a user who still holds the index of a deleted role
/// can never get another role by it. The id of a role is four times as long as the index.
pub(crate) type RoleIndex = u32;

/// A role. The data that a check does not need is in `details`, so that the data that it needs lies together.
#[derive(Clone, Debug)]
pub(crate) struct Role {
    /// The compiled grants of the role.
    pub(crate) grants: Grants,
    /// The rest of the data.
    pub(crate) details: Arc<Details>,
}

/// The data of a role that a check does not need.
#[derive(Clone, Debug)]
pub(crate) struct Details {
    /// The id of the role.
    pub(crate) id: RoleId,
    /// The permissions that the role gives, not compiled.
    pub(crate) permissions: Permissions,
    /// The name of the role.
    pub(crate) name: RoleName,
    /// Whether more than one user may hold the role.
    pub(crate) is_shared: bool,
    /// Whether a service made the role.
    pub(crate) auto_generated: bool,
}

/// A role after an event.
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
        RoleEvent::GroupFormed { .. }
        | RoleEvent::GroupAddsNewApplicationsChanged { .. }
        | RoleEvent::ApplicationAttached { .. }
        | RoleEvent::ApplicationDetached { .. } => role,
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
        | RoleEvent::GroupFormed { .. }
        | RoleEvent::GroupAddsNewApplicationsChanged { .. }
        | RoleEvent::ApplicationAttached { .. }
        | RoleEvent::ApplicationDetached { .. }
        | RoleEvent::Deleted {} => false,
    }
}

/// Whether an event ends its role. The index is never used again: a role that is created later gets another one.
pub(crate) fn ends(event: &RoleEvent) -> bool {
    match event {
        RoleEvent::Deleted {} => true,
        RoleEvent::Created { .. }
        | RoleEvent::Renamed { .. }
        | RoleEvent::SharingChanged { .. }
        | RoleEvent::GroupFormed { .. }
        | RoleEvent::GroupAddsNewApplicationsChanged { .. }
        | RoleEvent::ApplicationAttached { .. }
        | RoleEvent::ApplicationDetached { .. }
        | RoleEvent::PermissionAdded { .. }
        | RoleEvent::PermissionChanged { .. }
        | RoleEvent::PermissionRemoved { .. } => false,
    }
}
