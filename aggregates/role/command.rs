//! The commands to a role.

use crate::values::{Operation, Permission, PermissionId, RoleName, TopicFilter};

/// A command to one role. Ids come from outside.
#[derive(Clone, Debug)]
pub enum RoleCommand {
    /// Make the role.
    Create(CreateRole),
    /// Change what is given; leave the rest.
    Update(UpdateRole),
    /// Give one more permission.
    AddPermission(Permission),
    /// Let a permission say something else; its context stays.
    ChangePermission {
        /// Which.
        id: PermissionId,
        /// The new pattern; `None` leaves it.
        resource: Option<TopicFilter>,
        /// The new operation; `None` leaves it.
        operation: Option<Operation>,
    },
    /// Take a permission.
    RemovePermission {
        /// Which.
        id: PermissionId,
    },
    /// Remove the role. Its holders lose it, too.
    Delete,
}

/// All that a new role has.
#[derive(Clone, Debug)]
pub struct CreateRole {
    /// Unique among roles.
    pub name: RoleName,
    /// May be held by more than one user.
    pub is_shared: bool,
    /// Made by a service.
    pub auto_generated: bool,
    /// Stays as it is made, for ever: the administrator role.
    pub protected: bool,
    /// What it gives.
    pub permissions: Vec<Permission>,
}

/// What to change; `None` leaves it.
#[derive(Clone, Debug, Default)]
pub struct UpdateRole {
    /// Another name.
    pub name: Option<RoleName>,
    /// Whether several users may hold it.
    pub is_shared: Option<bool>,
    /// Exactly these permissions. Those that say the same as one held keep that one's id.
    pub permissions: Option<Vec<Permission>>,
}
