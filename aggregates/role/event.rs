//! What can happen to a role.

use crate::{
    declared::events,
    values::{Operation, Permission, PermissionId, RoleName, TopicFilter},
};

events! {
    /// A fact about a role. Stored names and fields never change: for a change, add a version and an upcaster.
    pub enum RoleEvent {
        /// The role exists from now on. Its permissions follow as separate events.
        "role.created" version 1 => Created {
            /// The name, unique among roles.
            name: RoleName as open,
            /// Whether more than one user may hold the role.
            is_shared: bool as open,
            /// Whether a service made the role, not a person.
            auto_generated: bool as open,
            /// Whether the role can never change.
            #[serde(default, skip_serializing_if = "std::ops::Not::not")]
            protected: bool as open,
        },
        /// The role has another name.
        "role.renamed" version 1 => Renamed {
            /// The new name.
            name: RoleName as open,
        },
        /// From now on several users may hold the role, or only one may.
        "role.sharing_changed" version 1 => SharingChanged {
            /// Whether several users may hold the role.
            is_shared: bool as open,
        },
        /// The role has another permission.
        "role.permission_added" version 1 => PermissionAdded {
            /// The permission.
            #[serde(flatten)]
            permission: Permission as open,
        },
        /// A permission of the role changed; its context stays.
        "role.permission_changed" version 1 => PermissionChanged {
            /// The permission that changed.
            id: PermissionId as open,
            /// The new pattern.
            resource: TopicFilter as open,
            /// The new operation.
            operation: Operation as open,
        },
        /// The role lost a permission.
        "role.permission_removed" version 1 => PermissionRemoved {
            /// The permission that the role lost.
            id: PermissionId as open,
        },
        /// The role is deleted, and its holders lost it. The id is never used again.
        "role.deleted" version 1 => Deleted {},
    }
}
