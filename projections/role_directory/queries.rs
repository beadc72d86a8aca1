//! Queries about roles.

use std::collections::BTreeSet;

use aggregates::{
    text::spelling,
    values::{Permission, PermissionId, RoleId, UserId},
};

use super::{
    ExistingRole, HolderRow, RolePageRow, RoleRow,
    details::{Shown, holder, with_holders, with_permissions},
    record::RoleRecord,
};
use crate::{
    page::{Page, Paged},
    permission_usage::record::PermissionRecord,
    spellings::with_spellings,
    store::{
        self, Column as _, Record, Sort, load,
        sql::{Boxed, Db, Error, Read, sql},
    },
};

/// The role with this id.
pub fn find<'a>(db: &'a Db, id: RoleId) -> Boxed<'a, Result<Option<RoleRow>, Error>> {
    Box::pin(async move {
        let mut tx = db.snapshot().await?;
        let roles = load(&mut tx, RoleRecord::WITH_ID, [id]).await?;
        Ok(with_permissions(&mut tx, roles, Shown::All).await?.pop())
    })
}

/// All roles, or those with this name, however it is spelt, oldest first. Two roles can have this name: the role of a user's own
/// permissions has the name of the user.
pub fn list<'a>(db: &'a Db, name: Option<&'a str>) -> Boxed<'a, Result<Vec<RoleRow>, Error>> {
    Box::pin(async move {
        let mut tx = db.snapshot().await?;
        let columns = RoleRecord::TABLE.column_list();
        let statement = match name {
            Some(name) => sql(format!(
                "SELECT {columns} FROM role_directory WHERE name IN ($1, $2) ORDER BY ordinal"
            ))
            .bind(name)
            .bind(spelling(name).into_owned()),
            None => sql(format!("SELECT {columns} FROM role_directory ORDER BY ordinal")),
        };
        let roles = tx
            .all(statement)
            .await?
            .iter()
            .map(RoleRecord::read)
            .collect::<Result<_, _>>()?;
        with_permissions(&mut tx, roles, Shown::All).await
    })
}

/// A page of the roles that pass all given filters, oldest first. Each role is shown with at most [`PERMISSIONS_ON_A_PAGE`]
/// permissions, and with at most `most_holders` of its holders: everybody may hold a role.
///
/// [`PERMISSIONS_ON_A_PAGE`]: super::PERMISSIONS_ON_A_PAGE
pub fn page<'a>(
    db: &'a Db,
    page: &'a Page,
    names: Option<&'a [String]>,
    auto_generated: Option<bool>,
    shared: Option<bool>,
    most_holders: i64,
) -> Boxed<'a, Result<Paged<RolePageRow>, Error>> {
    Box::pin(async move {
        let wanted = |filter: Option<bool>, value| filter.is_none_or(|wanted| wanted == value);
        let mut tx = db.snapshot().await?;
        let roles = if let Some(names) = names {
            let names = with_spellings(names.iter().map(String::as_str));
            let mut roles: Vec<RoleRecord> = load(&mut tx, RoleRecord::NAMED, names).await?;
            roles.retain(|r| wanted(auto_generated, r.auto_generated) && wanted(shared, r.is_shared));
            roles.sort_unstable_by_key(|role| role.ordinal);
            page.of(roles)
        } else {
            let mut lists = Vec::with_capacity(4);
            for (auto, many) in [(false, false), (false, true), (true, false), (true, true)] {
                if wanted(auto_generated, auto) && wanted(shared, many) {
                    lists.push(RoleRecord::list(auto, many));
                }
            }
            store::page(&mut tx, &lists, Sort::OLDEST_FIRST, page).await?
        };
        let rows = with_permissions(&mut tx, roles.rows, Shown::OnAPage).await?;
        Ok(Paged {
            rows: with_holders(&mut tx, rows, most_holders).await?,
            total: roles.total,
        })
    })
}

/// A permission of a role.
pub fn find_permission<'a>(
    db: &'a Db,
    role: RoleId,
    id: PermissionId,
) -> Boxed<'a, Result<Option<Permission>, Error>> {
    Box::pin(async move {
        let columns = PermissionRecord::TABLE.column_list();
        let statement = sql(format!(
            "SELECT {columns} FROM permission_usage WHERE permission_id = $1 AND role_id = $2"
        ));
        let row = db.optional(statement.bind(id).bind(role)).await?;
        Ok(row
            .as_ref()
            .map(PermissionRecord::read)
            .transpose()?
            .map(PermissionRecord::into_permission))
    })
}

/// Those of these roles that exist, oldest first.
pub fn existing<'a>(db: &'a Db, ids: &'a [RoleId]) -> Boxed<'a, Result<Vec<ExistingRole>, Error>> {
    Box::pin(async move {
        let mut ids = ids.to_vec();
        ids.sort_unstable();
        ids.dedup();
        let mut tx = db.snapshot().await?;
        let mut roles: Vec<RoleRecord> = load(&mut tx, RoleRecord::WITH_ID, ids).await?;
        roles.sort_unstable_by_key(|role| role.ordinal);
        let existing = roles.into_iter().map(|role| ExistingRole {
            id: role.role_id,
            is_shared: role.is_shared,
            owner: role.owner_user_id,
        });
        Ok(existing.collect())
    })
}

/// The holders of a role, at most `limit`, in the order in which the role was granted to them.
pub fn holders<'a>(
    db: &'a mut dyn Read,
    role: RoleId,
    limit: i64,
) -> Boxed<'a, Result<Vec<HolderRow>, Error>> {
    Box::pin(async move {
        let statement = sql(
            "SELECT u.user_id, u.username FROM user_roles g JOIN user_directory u ON u.user_id = g.user_id \
         WHERE g.role_id = $1 ORDER BY g.granted_position LIMIT $2",
        );
        let rows = db.all(statement.bind(role).bind(limit.max(0))).await?;
        rows.iter().map(holder).collect()
    })
}

/// A part of the users who hold a role.
#[derive(Debug)]
pub struct HoldersPart {
    /// Their ids.
    pub users: Vec<UserId>,
    /// When the last of them got the role; `None` if there are no more.
    pub last: Option<i64>,
}

/// Up to `limit` holders of a role who got it after a position, in that order.
pub fn holders_after<'a>(
    db: &'a Db,
    role: RoleId,
    after: i64,
    limit: i64,
) -> Boxed<'a, Result<HoldersPart, Error>> {
    Box::pin(async move {
        let statement = sql("SELECT user_id, granted_position FROM user_roles \
             WHERE role_id = $1 AND granted_position > $2 ORDER BY granted_position LIMIT $3");
        let rows = db.all(statement.bind(role).bind(after).bind(limit)).await?;
        let users = rows
            .iter()
            .map(|row| UserId::read(row, 0))
            .collect::<Result<_, _>>()?;
        let is_full = rows.len() as i64 == limit;
        let last = rows
            .last()
            .filter(|_| is_full)
            .map(|row| row.int(1))
            .transpose()?;
        Ok(HoldersPart { users, last })
    })
}

/// The ids of up to `limit` users who hold a role.
pub(crate) async fn holder_ids(
    db: &mut dyn Read,
    role: RoleId,
    limit: i64,
) -> Result<BTreeSet<UserId>, Error> {
    let select = sql("SELECT user_id FROM user_roles WHERE role_id = $1 LIMIT $2")
        .bind(role)
        .bind(limit);
    let rows = db.all(select).await?;
    rows.iter().map(|row| UserId::read(row, 0)).collect()
}
