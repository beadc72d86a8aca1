//! The commands for a role.

use crate::values::{Operation, Permission, PermissionId, RoleName, TopicFilter};

/// A command for one role. The caller supplies new ids.
#[derive(Clone, Debug)]
pub enum RoleCommand {
    /// Create the role.
    Create(CreateRole),
    /// Change the fields that are given; leave the rest.
    Update(UpdateRole),
    /// Add a permission.
    AddPermission(Permission),
    /// Change a permission; its context stays.
    ChangePermission {
        /// The permission to change.
        id: PermissionId,
        /// The new pattern; `None` leaves it.
        resource: Option<TopicFilter>,
        /// The new operation; `None` leaves it.
        operation: Option<Operation>,
    },
    /// Remove a permission.
    RemovePermission {
        /// The permission to remove.
        id: PermissionId,
    },
    /// Delete the role. Its holders lose it, too.
    Delete,
}

/// The fields of a new role.
#[derive(Clone, Debug)]
pub struct CreateRole {
    /// The name, unique among roles.
    pub name: RoleName,
    /// Whether more than one user may hold the role.
    pub is_shared: bool,
    /// Whether a service made the role.
    pub auto_generated: bool,
    /// Whether the role can never change, like the administrator role.
    pub protected: bool,
    /// The permissions that the role gives.
    pub permissions: Vec<Permission>,
}

/// What to change; `None` leaves a field as it is.
#[derive(Clone, Debug, Default)]
pub struct UpdateRole {
    /// The new name, as somebody typed it. It is judged only if the role has another name: names of older roles may break today's
    /// rules.
    pub name: Option<String>,
    /// Whether several users may hold the role.
    pub is_shared: Option<bool>,
    /// The exact permissions of the role from now on. A right that the role has already keeps its id.
    pub permissions: Option<Vec<Permission>>,
}
