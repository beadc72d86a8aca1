//! What can have happened to a role.

use crate::{
    declared::events,
    values::{Operation, Permission, PermissionId, RoleName, TopicFilter},
};

events! {
    /// A fact about a role. Stored names and fields are for ever: to change one, add a version and an upcaster.
    pub enum RoleEvent {
        /// The role exists from now on. Its permissions follow as events of their own.
        "role.created" version 1 => Created {
            /// Unique among roles.
            name: RoleName,
            /// May be held by more than one user.
            is_shared: bool,
            /// Made by a service, not by a person.
            auto_generated: bool,
            /// The role stays as it is made, for ever.
            #[serde(default, skip_serializing_if = "std::ops::Not::not")]
            protected: bool,
        },
        /// The role has another name.
        "role.renamed" version 1 => Renamed {
            /// The new one.
            name: RoleName,
        },
        /// Whether several users may hold the role changed.
        "role.sharing_changed" version 1 => SharingChanged {
            /// Whether they may.
            is_shared: bool,
        },
        /// The role gives a permission.
        "role.permission_added" version 1 => PermissionAdded {
            /// The permission.
            #[serde(flatten)]
            permission: Permission,
        },
        /// A permission of the role says something else; its context stays.
        "role.permission_changed" version 1 => PermissionChanged {
            /// Which.
            id: PermissionId,
            /// The new pattern.
            resource: TopicFilter,
            /// The new operation.
            operation: Operation,
        },
        /// The role no longer gives a permission.
        "role.permission_removed" version 1 => PermissionRemoved {
            /// Which.
            id: PermissionId,
        },
        /// The role is gone, and its holders lost it. The id is never used again.
        "role.deleted" version 1 => Deleted {},
    }
}
