//! What belongs to roles, for many roles at once.

use std::collections::HashMap;

use aggregates::values::{RoleId, UserId};

use super::{HolderRow, RolePageRow, RoleRow, record::RoleRecord};
use crate::{
    permission_usage::record::PermissionRecord,
    sql::{Argument, Error, Row, Tx},
    tables::{Record, select_in, unreadable},
};

/// The roles with their permissions, in the order given: one statement.
pub(crate) async fn with_permissions(tx: &mut Tx<'_>, roles: Vec<RoleRecord>) -> Result<Vec<RoleRow>, Error> {
    let ids: Vec<Argument<'static>> = roles.iter().map(|role| role.id.to_string().into()).collect();
    let before = format!(
        "SELECT {} FROM permission_usage WHERE role_id IN",
        PermissionRecord::TABLE.column_list()
    );
    let mut permissions = HashMap::<RoleId, Vec<_>>::new();
    for row in select_in(tx, &before, &ids, "ORDER BY ordinal", &[]).await? {
        let held = PermissionRecord::read(&row)?;
        permissions.entry(held.role_id).or_default().push(held.permission);
    }
    let rows = roles.into_iter().map(|role| RoleRow {
        permissions: permissions.remove(&role.id).unwrap_or_default(),
        id: role.id,
        name: role.name,
        is_shared: role.is_shared,
        auto_generated: role.auto_generated,
        protected: role.protected,
        owner: role.owner,
    });
    Ok(rows.collect())
}

/// The roles with everybody who holds them, in the order given: one statement.
pub(super) async fn with_holders(tx: &mut Tx<'_>, roles: Vec<RoleRow>) -> Result<Vec<RolePageRow>, Error> {
    let ids: Vec<Argument<'static>> = roles.iter().map(|role| role.id.to_string().into()).collect();
    let before = "SELECT u.user_id, u.username, g.role_id FROM user_roles g \
                  JOIN user_directory u ON u.user_id = g.user_id WHERE g.role_id IN";
    let mut holders = HashMap::<RoleId, Vec<_>>::new();
    for row in select_in(tx, before, &ids, "ORDER BY g.granted_position", &[]).await? {
        let role = RoleId::parse(row.str(2)?).map_err(unreadable)?;
        holders.entry(role).or_default().push(holder(&row)?);
    }
    let rows = roles.into_iter().map(|role| RolePageRow {
        holders: holders.remove(&role.id).unwrap_or_default(),
        role,
    });
    Ok(rows.collect())
}

/// Reads id and name from the first columns.
pub(super) fn holder(row: &Row) -> Result<HolderRow, Error> {
    Ok(HolderRow {
        id: UserId::parse(row.str(0)?).map_err(unreadable)?,
        username: row.text(1)?,
    })
}
