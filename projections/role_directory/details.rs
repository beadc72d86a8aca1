//! Permissions and holders of roles, for many roles at once.

use std::collections::HashMap;

use aggregates::values::{RoleId, UserId};

use super::{HolderRow, PERMISSIONS_ON_A_PAGE, RolePageRow, RoleRow, record::RoleRecord};
use crate::{
    permission_usage::record::PermissionRecord,
    store::{
        Column as _, Record, select_in,
        sql::{Argument, Error, Row, Tx},
    },
};

/// How many permissions are shown of each role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shown {
    /// All of them.
    All,
    /// At most [`PERMISSIONS_ON_A_PAGE`].
    OnAPage,
}

/// Adds the permissions to the roles and keeps their order, with one statement.
pub(crate) async fn with_permissions(
    tx: &mut Tx<'_>,
    roles: Vec<RoleRecord>,
    shown: Shown,
) -> Result<Vec<RoleRow>, Error> {
    let ids: Vec<Argument<'static>> = roles.iter().map(|role| role.role_id.into()).collect();
    let columns = PermissionRecord::TABLE.columns.iter();
    let columns: Vec<_> = columns.map(|(name, _)| format!("p.{name}")).collect();
    let columns = columns.join(", ");
    let most = match shown {
        Shown::All => usize::MAX,
        Shown::OnAPage => PERMISSIONS_ON_A_PAGE,
    };
    let rows = match shown {
        Shown::All => {
            let before = format!("SELECT {columns} FROM permission_usage p WHERE p.role_id IN");
            select_in(tx, &before, &ids, "ORDER BY p.ordinal", &[]).await?
        }
        Shown::OnAPage => {
            // For each role, finds the place of the last permission to read: one more than the page shows.
            let before = format!(
                "SELECT {columns} FROM (SELECT r.role_id, COALESCE((SELECT l.ordinal FROM permission_usage l \
                 WHERE l.role_id = r.role_id ORDER BY l.ordinal LIMIT 1 OFFSET $1), 9223372036854775807) AS last \
                 FROM role_directory r WHERE r.role_id IN"
            );
            let after = ") AS shown JOIN permission_usage p ON p.role_id = shown.role_id AND p.ordinal <= shown.last \
                         ORDER BY p.ordinal";
            let offset = i64::try_from(most).unwrap_or(i64::MAX);
            select_in(tx, &before, &ids, after, &[offset.into()]).await?
        }
    };
    let mut permissions = HashMap::<RoleId, Vec<_>>::new();
    for row in rows {
        let held = PermissionRecord::read(&row)?;
        permissions
            .entry(held.role_id)
            .or_default()
            .push(held.into_permission());
    }
    let rows = roles.into_iter().map(|role| {
        let mut permissions = permissions.remove(&role.role_id).unwrap_or_default();
        let more_permissions = permissions.len() > most;
        permissions.truncate(most);
        RoleRow {
            permissions,
            more_permissions,
            id: role.role_id,
            name: role.name,
            is_shared: role.is_shared,
            auto_generated: role.auto_generated,
            protected: role.protected,
            owner: role.owner_user_id,
        }
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
