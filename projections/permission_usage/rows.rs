//! Permissions, asked from the side of what they allow.

use aggregates::values::{Context, Operation, PermissionId, RoleId, UserId};

/// A resource with all its uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceRow {
    /// The pattern.
    pub resource: String,
    /// Where it holds.
    pub context: Context,
    /// Who allows what on it, oldest permission first.
    pub usage: Vec<UsageRow>,
}

/// One permission that uses a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageRow {
    /// The permission.
    pub permission_id: PermissionId,
    /// The role that gives it.
    pub role_id: RoleId,
    /// That role's name.
    pub role_name: String,
    /// Whether several users may hold the role.
    pub is_role_shared: bool,
    /// The one holder of a role that is not shared, if it is held.
    pub user_id: Option<UserId>,
    /// The name of that holder.
    pub username: Option<String>,
    /// What it allows.
    pub operation: Operation,
}

/// All permissions that say the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RightRow {
    /// The pattern.
    pub resource: String,
    /// What they allow.
    pub operation: Operation,
    /// Where it holds.
    pub context: Context,
    /// Their ids, oldest first.
    pub ids: Vec<PermissionId>,
}

/// Where a permission is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LocatedPermission {
    /// The permission.
    pub id: PermissionId,
    /// The role that gives it.
    pub role_id: RoleId,
    /// The user whose own permission it is.
    pub owner: Option<UserId>,
}
