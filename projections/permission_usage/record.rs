//! Permissions and the resources that they name, as the tables store them.

use aggregates::values::{Context, Operation, Permission, PermissionId, RoleId, TopicFilter};
use sha2::{Digest as _, Sha256};

use crate::store::{
    Column, Kind,
    sql::{Argument, Error, Row},
    unreadable,
};

/// The SHA-256 of context, NUL and resource. It is the key because a resource may be longer than an index entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ResourceKey(pub(crate) [u8; 32]);

impl ResourceKey {
    /// The key of this resource in this context.
    pub(crate) fn of(context: Context, resource: &TopicFilter) -> Self {
        let mut hash = Sha256::new();
        hash.update(context.as_str());
        hash.update([0]);
        hash.update(resource.as_bytes());
        Self(hash.finalize().into())
    }
}

impl Column for ResourceKey {
    const KIND: Kind = Kind::Bytes;

    fn bind(&self) -> Argument<'_> {
        self.0.as_slice().into()
    }

    fn read(row: &Row, column: usize) -> Result<Self, Error> {
        let bytes = row.bytes(column)?;
        bytes
            .try_into()
            .map(Self)
            .map_err(|_| unreadable("a resource key must have 32 bytes"))
    }
}

impl From<ResourceKey> for Argument<'_> {
    fn from(key: ResourceKey) -> Self {
        key.0.to_vec().into()
    }
}

crate::record! {
    /// A row of `permission_usage`.
    pub(crate) struct PermissionRecord in "permission_usage" {
        pub(crate) permission_id: PermissionId,
        pub(crate) role_id: RoleId,
        pub(crate) ordinal: i64,
        pub(crate) resource_key: ResourceKey,
        pub(crate) resource: TopicFilter,
        pub(crate) operation: Operation,
        pub(crate) context: Context,
    }
    key(permission_id: PermissionId)
    sets { OF_ROLE = role_id: RoleId; }
    then |permission, needs| {
        // When the permission changes or is removed, its resource loses a use.
        needs.row::<ResourceRecord>(permission.resource_key);
    }
}

impl PermissionRecord {
    /// The permission itself.
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
    /// A row of `resource_directory`.
    pub(crate) struct ResourceRecord in "resource_directory" {
        pub(crate) ordinal: i64,
        pub(crate) resource_key: ResourceKey,
        pub(crate) resource: TopicFilter,
        pub(crate) context: Context,
        pub(crate) uses: i64,
    }
    key(resource_key: ResourceKey)
    lists by ordinal { ALL = "resources"; }
    finds { WITH_KEY = resource_key: ResourceKey; }
}
