//! Roles and their holders, as the tables store them.

use aggregates::{
    Recorded,
    values::{RoleId, Timestamp, UserId},
};

use crate::store::List;

crate::record! {
    /// A row of `role_directory`.
    pub(crate) struct RoleRecord in "role_directory" {
        pub(crate) role_id: RoleId,
        pub(crate) ordinal: i64,
        pub(crate) name: String,
        pub(crate) is_shared: bool,
        pub(crate) auto_generated: bool,
        pub(crate) protected: bool,
        pub(crate) owner_user_id: Option<UserId>,
        pub(crate) own_permissions: i64,
        pub(crate) created_at: Timestamp,
    }
    key(role_id: RoleId)
    lists by ordinal {
        BY_PERSONS_EXCLUSIVE = "roles:person:exclusive" { auto_generated: false, is_shared: false };
        BY_PERSONS_SHARED = "roles:person:shared" { auto_generated: false, is_shared: true };
        BY_SERVICES_EXCLUSIVE = "roles:auto:exclusive" { auto_generated: true, is_shared: false };
        BY_SERVICES_SHARED = "roles:auto:shared" { auto_generated: true, is_shared: true };
    }
    finds { WITH_ID = role_id: RoleId; NAMED = name: String; }
    personal { name } where role_id = |user| user.own_role();
}

impl RoleRecord {
    /// The list of the roles with these two properties.
    pub(crate) const fn list(auto_generated: bool, shared: bool) -> List<Self> {
        match (auto_generated, shared) {
            (false, false) => Self::BY_PERSONS_EXCLUSIVE,
            (false, true) => Self::BY_PERSONS_SHARED,
            (true, false) => Self::BY_SERVICES_EXCLUSIVE,
            (true, true) => Self::BY_SERVICES_SHARED,
        }
    }
}

crate::record! {
    /// A row of `user_roles`.
    pub(crate) struct HolderRecord in "user_roles" {
        pub(crate) user_id: UserId,
        pub(crate) role_id: RoleId,
        pub(crate) granted_position: i64,
        pub(crate) granted_at: Timestamp,
    }
    key(user_id: UserId, role_id: RoleId)
    sets { OF_USER = user_id: UserId; OF_ROLE = role_id: RoleId; }
}

impl HolderRecord {
    /// The row of a user who gets the role by this event.
    pub(crate) fn granted(user_id: UserId, role_id: RoleId, at: &Recorded) -> Self {
        Self {
            user_id,
            role_id,
            granted_position: at.position,
            granted_at: at.recorded_at,
        }
    }
}
