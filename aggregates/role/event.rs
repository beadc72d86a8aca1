//! What can have happened to a role.

use cqrs_es::DomainEvent;
use serde::{Deserialize, Serialize};

use crate::values::{Operation, Permission, PermissionId, RoleName, TopicFilter};

/// A fact about a role. Stored names and fields are for ever: to change one, add a version and an upcaster.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", content = "data")]
pub enum RoleEvent {
    /// The role exists from now on. Its permissions follow as events of their own.
    #[serde(rename = "role.created")]
    Created {
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
    #[serde(rename = "role.renamed")]
    Renamed {
        /// The new one.
        name: RoleName,
    },
    /// Whether several users may hold the role changed.
    #[serde(rename = "role.sharing_changed")]
    SharingChanged {
        /// Whether they may.
        is_shared: bool,
    },
    /// The role gives a permission.
    #[serde(rename = "role.permission_added")]
    PermissionAdded {
        /// The permission.
        #[serde(flatten)]
        permission: Permission,
    },
    /// A permission of the role says something else; its context stays.
    #[serde(rename = "role.permission_changed")]
    PermissionChanged {
        /// Which.
        id: PermissionId,
        /// The new pattern.
        resource: TopicFilter,
        /// The new operation.
        operation: Operation,
    },
    /// The role no longer gives a permission.
    #[serde(rename = "role.permission_removed")]
    PermissionRemoved {
        /// Which.
        id: PermissionId,
    },
    /// The role is gone, and whoever held it holds it no longer. The id is never used again.
    #[serde(rename = "role.deleted")]
    Deleted {},
}

impl RoleEvent {
    /// The name under which an event of this kind is stored.
    pub const fn stored_type(&self) -> &'static str {
        match self {
            Self::Created { .. } => "role.created",
            Self::Renamed { .. } => "role.renamed",
            Self::SharingChanged { .. } => "role.sharing_changed",
            Self::PermissionAdded { .. } => "role.permission_added",
            Self::PermissionChanged { .. } => "role.permission_changed",
            Self::PermissionRemoved { .. } => "role.permission_removed",
            Self::Deleted {} => "role.deleted",
        }
    }
}

impl DomainEvent for RoleEvent {
    fn event_type(&self) -> String {
        self.stored_type().to_owned()
    }

    fn event_version(&self) -> String {
        "1".to_owned()
    }
}
