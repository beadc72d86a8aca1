//! Roles and their holders as the tables keep them.

use aggregates::{
    Recorded,
    values::{RoleId, Timestamp, UserId},
};

use crate::{
    counted_lists::List,
    sql::{Argument, Error, Row},
    tables::{Kind, Record, Table, unreadable},
};

/// A row of `role_directory`.
#[derive(Clone, Debug)]
pub(crate) struct RoleRecord {
    pub(crate) id: RoleId,
    pub(crate) ordinal: i64,
    pub(crate) name: String,
    pub(crate) is_shared: bool,
    pub(crate) auto_generated: bool,
    pub(crate) protected: bool,
    pub(crate) owner: Option<UserId>,
    pub(crate) own_permissions: i64,
    pub(crate) created_at: Timestamp,
}

impl RoleRecord {
    /// The list that counts the role.
    pub(crate) fn list(&self) -> List {
        List::roles(self.auto_generated, self.is_shared)
    }
}

impl Record for RoleRecord {
    const TABLE: Table = Table {
        name: "role_directory",
        columns: &[
            ("role_id", Kind::Text),
            ("ordinal", Kind::Int),
            ("name", Kind::Text),
            ("is_shared", Kind::Bool),
            ("auto_generated", Kind::Bool),
            ("protected", Kind::Bool),
            ("owner_user_id", Kind::TextOrNull),
            ("own_permissions", Kind::Int),
            ("created_at", Kind::Int),
        ],
        key: &["role_id"],
    };

    fn bind<'a>(&'a self, arguments: &mut Vec<Argument<'a>>) {
        arguments.extend([
            self.id.to_string().into(),
            self.ordinal.into(),
            self.name.as_str().into(),
            self.is_shared.into(),
            self.auto_generated.into(),
            self.protected.into(),
            self.owner.map(|owner| owner.to_string()).into(),
            self.own_permissions.into(),
            self.created_at.micros().into(),
        ]);
    }

    fn read(row: &Row) -> Result<Self, Error> {
        let owner = row.text_or_null(6)?;
        Ok(Self {
            id: RoleId::parse(row.str(0)?).map_err(unreadable)?,
            ordinal: row.int(1)?,
            name: row.text(2)?,
            is_shared: row.bool(3)?,
            auto_generated: row.bool(4)?,
            protected: row.bool(5)?,
            owner: owner
                .map(|id| UserId::parse(&id))
                .transpose()
                .map_err(unreadable)?,
            own_permissions: row.int(7)?,
            created_at: Timestamp::from_micros(row.int(8)?),
        })
    }
}

/// A row of `user_roles`.
#[derive(Clone, Debug)]
pub(crate) struct HolderRecord {
    pub(crate) user_id: UserId,
    pub(crate) role_id: RoleId,
    pub(crate) granted_position: i64,
    pub(crate) granted_at: Timestamp,
}

impl HolderRecord {
    /// The user holds the role by this event.
    pub(crate) fn granted(user_id: UserId, role_id: RoleId, at: &Recorded) -> Self {
        Self {
            user_id,
            role_id,
            granted_position: at.position,
            granted_at: at.recorded_at,
        }
    }
}

impl Record for HolderRecord {
    const TABLE: Table = Table {
        name: "user_roles",
        columns: &[
            ("user_id", Kind::Text),
            ("role_id", Kind::Text),
            ("granted_position", Kind::Int),
            ("granted_at", Kind::Int),
        ],
        key: &["user_id", "role_id"],
    };

    fn bind<'a>(&'a self, arguments: &mut Vec<Argument<'a>>) {
        arguments.extend([
            self.user_id.to_string().into(),
            self.role_id.to_string().into(),
            self.granted_position.into(),
            self.granted_at.micros().into(),
        ]);
    }

    fn read(row: &Row) -> Result<Self, Error> {
        Ok(Self {
            user_id: UserId::parse(row.str(0)?).map_err(unreadable)?,
            role_id: RoleId::parse(row.str(1)?).map_err(unreadable)?,
            granted_position: row.int(2)?,
            granted_at: Timestamp::from_micros(row.int(3)?),
        })
    }
}
