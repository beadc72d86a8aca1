//! Permissions and holders of roles, for many roles at once.

use std::collections::HashMap;

use aggregates::values::{RoleId, UserId};

use super::{HolderRow, RolePageRow, RoleRow, record::RoleRecord};
use crate::{
    permission_usage::record::PermissionRecord,
    store::{
        Column as _, Record, select_in,
        sql::{Argument, Error, Row, Tx},
    },
};

/// Adds the permissions to the roles and keeps their order, with one statement.
pub(crate) async fn with_permissions(tx: &mut Tx<'_>, roles: Vec<RoleRecord>) -> Result<Vec<RoleRow>, Error> {
    let ids: Vec<Argument<'static>> = roles.iter().map(|role| role.role_id.into()).collect();
    let before = format!(
        "SELECT {} FROM permission_usage WHERE role_id IN",
        PermissionRecord::TABLE.column_list()
    );
    let mut permissions = HashMap::<RoleId, Vec<_>>::new();
    for row in select_in(tx, &before, &ids, "ORDER BY ordinal", &[]).await? {
        let held = PermissionRecord::read(&row)?;
        permissions
            .entry(held.role_id)
            .or_default()
            .push(held.into_permission());
    }
    let rows = roles.into_iter().map(|role| RoleRow {
        permissions: permissions.remove(&role.role_id).unwrap_or_default(),
        id: role.role_id,
        name: role.name,
        is_shared: role.is_shared,
        auto_generated: role.auto_generated,
        protected: role.protected,
        owner: role.owner_user_id,
    });
    Ok(rows.collect())
}

/// Adds the holders to the roles, at most `most` for each, and keeps their order, with one statement.
pub(super) async fn with_holders(
    tx: &mut Tx<'_>,
    roles: Vec<RoleRow>,
    most: i64,
) -> Result<Vec<RolePageRow>, Error> {
    let ids: Vec<Argument<'static>> = roles.iter().map(|role| role.id.into()).collect();
    // For each role, finds the position of the last holder to read: one more than the page shows.
    let before = "SELECT u.user_id, u.username, g.role_id FROM (SELECT r.role_id, COALESCE((SELECT h.granted_position \
                  FROM user_roles h WHERE h.role_id = r.role_id ORDER BY h.granted_position LIMIT 1 OFFSET $1), \
                  9223372036854775807) AS last FROM role_directory r WHERE r.role_id IN";
    let after = ") AS shown JOIN user_roles g ON g.role_id = shown.role_id AND g.granted_position <= shown.last \
                 JOIN user_directory u ON u.user_id = g.user_id ORDER BY g.granted_position";
    let most = most.max(0);
    let mut holders = HashMap::<RoleId, Vec<_>>::new();
    for row in select_in(tx, before, &ids, after, &[most.into()]).await? {
        let role = RoleId::read(&row, 2)?;
        holders.entry(role).or_default().push(holder(&row)?);
    }
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    let rows = roles.into_iter().map(|role| {
        let mut holders = holders.remove(&role.id).unwrap_or_default();
        let more_holders = holders.len() > most;
        holders.truncate(most);
        RolePageRow {
            role,
            holders,
            more_holders,
        }
    });
    Ok(rows.collect())
}

/// Reads the id and the name from the first columns.
pub(super) fn holder(row: &Row) -> Result<HolderRow, Error> {
    Ok(HolderRow {
        id: UserId::read(row, 0)?,
        username: row.text(1)?,
    })
}
