//! The times of permissions and of roles, as the tables store them.

use aggregates::values::{Context, Operation, Permission, PermissionId, RoleId, TopicFilter};

/// The end of what nothing has ended yet. It is no null, so that it is in the key: an event finds the row that it ends.
pub(crate) const LIVE: i64 = i64::MAX;

crate::record! {
    /// A row of `permission_spans`: a permission as a role had it from one event to another.
    pub(crate) struct SpanRecord in "permission_spans" {
        pub(crate) permission_id: PermissionId,
        pub(crate) until_position: i64,
        pub(crate) role_id: RoleId,
        pub(crate) from_position: i64,
        pub(crate) begun: i64,
        pub(crate) ended: i64,
        pub(crate) resource: TopicFilter,
        pub(crate) operation: Operation,
        pub(crate) context: Context,
    }
    key(permission_id: PermissionId, until_position: i64)
}

impl SpanRecord {
    /// The permission.
    pub(crate) fn into_permission(self) -> Permission {
        Permission {
            id: self.permission_id,
            resource: self.resource,
            operation: self.operation,
            context: self.context,
        }
    }
}

crate::record! {
    /// A row of `role_spans`: a role as long as it had one name. The row that nothing has ended yet counts the role's permissions.
    pub(crate) struct RoleSpanRecord in "role_spans" {
        pub(crate) role_id: RoleId,
        pub(crate) until_position: i64,
        pub(crate) from_position: i64,
        pub(crate) begun: i64,
        pub(crate) ended: i64,
    }
    key(role_id: RoleId, until_position: i64)
}
