//! Permissions and the resources they name as the tables keep them.

use aggregates::values::{Context, Operation, Permission, PermissionId, RoleId, TopicFilter};
use sha2::{Digest as _, Sha256};

use crate::{
    sql::{Argument, Error, Row},
    tables::{Kind, Record, Table, unreadable},
};

/// The SHA-256 of context, NUL and resource: a resource may be longer than an index entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ResourceKey(pub(crate) [u8; 32]);

impl ResourceKey {
    /// Of this resource in this context.
    pub(crate) fn of(context: Context, resource: &TopicFilter) -> Self {
        let mut hash = Sha256::new();
        hash.update(context.as_str());
        hash.update([0]);
        hash.update(resource.as_bytes());
        Self(hash.finalize().into())
    }

    /// Reads the stored form.
    pub(crate) fn read(row: &Row, column: usize) -> Result<Self, Error> {
        let bytes = row.bytes(column)?;
        bytes
            .try_into()
            .map(Self)
            .map_err(|_| unreadable("a resource key must have 32 bytes"))
    }
}

/// A row of `permission_usage`.
#[derive(Clone, Debug)]
pub(crate) struct PermissionRecord {
    pub(crate) role_id: RoleId,
    pub(crate) ordinal: i64,
    pub(crate) resource_key: ResourceKey,
    pub(crate) permission: Permission,
}

impl Record for PermissionRecord {
    const TABLE: Table = Table {
        name: "permission_usage",
        columns: &[
            ("permission_id", Kind::Text),
            ("role_id", Kind::Text),
            ("ordinal", Kind::Int),
            ("resource_key", Kind::Bytes),
            ("resource", Kind::Text),
            ("operation", Kind::Text),
            ("context", Kind::Text),
        ],
        key: &["permission_id"],
    };

    fn bind<'a>(&'a self, arguments: &mut Vec<Argument<'a>>) {
        arguments.extend([
            self.permission.id.to_string().into(),
            self.role_id.to_string().into(),
            self.ordinal.into(),
            self.resource_key.0.as_slice().into(),
            (&*self.permission.resource).into(),
            self.permission.operation.as_str().into(),
            self.permission.context.as_str().into(),
        ]);
    }

    fn read(row: &Row) -> Result<Self, Error> {
        Ok(Self {
            role_id: RoleId::parse(row.str(1)?).map_err(unreadable)?,
            ordinal: row.int(2)?,
            resource_key: ResourceKey::read(row, 3)?,
            permission: Permission {
                id: PermissionId::parse(row.str(0)?).map_err(unreadable)?,
                resource: TopicFilter::parse(row.str(4)?).map_err(unreadable)?,
                operation: Operation::parse(row.str(5)?).map_err(unreadable)?,
                context: Context::parse(row.str(6)?).map_err(unreadable)?,
            },
        })
    }
}

/// A row of `resource_directory`.
#[derive(Clone, Debug)]
pub(crate) struct ResourceRecord {
    pub(crate) ordinal: i64,
    pub(crate) key: ResourceKey,
    pub(crate) resource: TopicFilter,
    pub(crate) context: Context,
    pub(crate) uses: i64,
}

impl Record for ResourceRecord {
    const TABLE: Table = Table {
        name: "resource_directory",
        columns: &[
            ("ordinal", Kind::Int),
            ("resource_key", Kind::Bytes),
            ("resource", Kind::Text),
            ("context", Kind::Text),
            ("uses", Kind::Int),
        ],
        key: &["resource_key"],
    };

    fn bind<'a>(&'a self, arguments: &mut Vec<Argument<'a>>) {
        arguments.extend([
            self.ordinal.into(),
            self.key.0.as_slice().into(),
            (&*self.resource).into(),
            self.context.as_str().into(),
            self.uses.into(),
        ]);
    }

    fn read(row: &Row) -> Result<Self, Error> {
        Ok(Self {
            ordinal: row.int(0)?,
            key: ResourceKey::read(row, 1)?,
            resource: TopicFilter::parse(row.str(2)?).map_err(unreadable)?,
            context: Context::parse(row.str(3)?).map_err(unreadable)?,
            uses: row.int(4)?,
        })
    }
}
