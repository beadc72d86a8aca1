//! Permissions, listed by what they allow.

use aggregates::values::{Context, Operation, PermissionId, RoleId, UserId};

/// A resource with its uses by permissions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceRow {
    /// The pattern.
    pub resource: String,
    /// Where the pattern applies.
    pub context: Context,
    /// Who may do what to the resource, oldest permission first.
    pub usage: Vec<UsageRow>,
    /// If there are more uses: the ordinal of the last one here.
    pub next_usage: Option<i64>,
}

/// Some uses of a resource, oldest permission first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Uses {
    /// The uses.
    pub rows: Vec<UsageRow>,
    /// If there are more: the ordinal of the last one here.
    pub next: Option<i64>,
}

/// One permission that uses a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageRow {
    /// The permission.
    pub permission_id: PermissionId,
    /// The role that gives it.
    pub role_id: RoleId,
    /// The name of that role.
    pub role_name: String,
    /// Whether several users may hold the role.
    pub is_role_shared: bool,
    /// The only holder, if the role is not shared and has a holder.
    pub user_id: Option<UserId>,
    /// The name of that holder.
    pub username: Option<String>,
    /// The operation that the permission allows.
    pub operation: Operation,
}

/// All permissions with the same right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RightRow {
    /// The pattern.
    pub resource: String,
    /// The operation that they allow.
    pub operation: Operation,
    /// Where the pattern applies.
    pub context: Context,
    /// The ids of the permissions, oldest first.
    pub ids: Vec<PermissionId>,
}

/// The place of a permission.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LocatedPermission {
    /// The permission.
    pub id: PermissionId,
    /// The role that gives it.
    pub role_id: RoleId,
    /// The user whose own permission it is.
    pub owner: Option<UserId>,
}
