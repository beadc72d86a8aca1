//! What can happen to a role.

use crate::{
    declared::events,
    values::{
        ApplicationId, Level, Operation, OrganisationId, Permission, PermissionId, RoleName, TopicFilter,
    },
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
        /// The role is a group of the os2iot face. Its permissions follow as separate events.
        "role.group_formed" version 1 => GroupFormed {
            /// The organisation; null for the group of global administrators.
            organisation: Option<OrganisationId> as open,
            /// What the members may do.
            levels: Vec<Level> as open,
            /// Whether new applications of the organisation are attached.
            adds_new_applications: bool as open,
        },
        /// From now on new applications of the organisation are attached to the group, or not.
        "role.group_adds_new_applications_changed" version 1 => GroupAddsNewApplicationsChanged {
            /// Whether they are attached.
            adds_new_applications: bool as open,
        },
        /// An application is attached to the group. The permissions follow as separate events.
        "role.application_attached" version 1 => ApplicationAttached {
            /// The application.
            application: ApplicationId as open,
        },
        /// An application is no longer attached to the group. The lost permissions follow as separate events.
        "role.application_detached" version 1 => ApplicationDetached {
            /// The application.
            application: ApplicationId as open,
        },
        /// The role is deleted, and its holders lost it. The id is never used again.
        "role.deleted" version 1 => Deleted {},
    }
}
