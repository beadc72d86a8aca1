//! Roles as clients see them.

use aggregates::values::{Permission, RoleId, UserId};

/// How many permissions a page shows of each role.
pub const PERMISSIONS_ON_A_PAGE: usize = 100;

/// A role with its permissions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleRow {
    /// The id; [`UserId::own_role`] for the role of a user's own permissions.
    pub id: RoleId,
    /// The name; the username for the role of a user's own permissions.
    pub name: String,
    /// Whether more than one user may hold the role.
    pub is_shared: bool,
    /// Whether a service made the role, not a person.
    pub auto_generated: bool,
    /// Whether nobody may change or delete the role.
    pub protected: bool,
    /// The user whose own permissions the role carries; `None` for any other role.
    pub owner: Option<UserId>,
    /// The permissions of the role, in the order in which they were granted; on a page at most [`PERMISSIONS_ON_A_PAGE`].
    pub permissions: Vec<Permission>,
    /// Whether the role has more permissions.
    pub more_permissions: bool,
}

/// A user who holds a role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HolderRow {
    /// The id of the user.
    pub id: UserId,
    /// The name of the user.
    pub username: String,
}

/// A role with its permissions and its holders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RolePageRow {
    /// The role.
    pub role: RoleRow,
    /// The holders, in the order in which the role was granted to them; at most as many as the caller asked for.
    pub holders: Vec<HolderRow>,
    /// Whether the role has more holders.
    pub more_holders: bool,
}

/// What a decision about granting a role must know about the role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExistingRole {
    /// The id of the role.
    pub id: RoleId,
    /// Whether more than one user may hold the role.
    pub is_shared: bool,
    /// The user whose own permissions the role carries: nobody can be granted such a role.
    pub owner: Option<UserId>,
}
