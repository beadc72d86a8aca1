//! Roles as they are shown.

use aggregates::values::{Permission, RoleId, UserId};

/// A role with its permissions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleRow {
    /// Its id; [`UserId::own_role`] for the role of a user's own permissions.
    pub id: RoleId,
    /// Its name; the username for the role of a user's own permissions.
    pub name: String,
    /// May be held by more than one user.
    pub is_shared: bool,
    /// Made by a service, not by a person.
    pub auto_generated: bool,
    /// May be neither changed nor deleted.
    pub protected: bool,
    /// The user whose own permissions these are; `None` for any other role.
    pub owner: Option<UserId>,
    /// What it allows, in the order in which it was given.
    pub permissions: Vec<Permission>,
}

/// A user who holds a role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HolderRow {
    /// Their id.
    pub id: UserId,
    /// Their name.
    pub username: String,
}

/// A role with its permissions and its holders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RolePageRow {
    /// The role.
    pub role: RoleRow,
    /// Who holds it, in the order in which they were given it: as many as were asked for.
    pub holders: Vec<HolderRow>,
    /// The role has more holders.
    pub more_holders: bool,
}

/// What a decision about granting a role must know of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExistingRole {
    /// Its id.
    pub id: RoleId,
    /// May be held by more than one user.
    pub is_shared: bool,
    /// The user whose own permissions these are: such a role is granted to nobody.
    pub owner: Option<UserId>,
}
