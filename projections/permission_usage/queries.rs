//! Queries about permissions.

use std::collections::HashMap;

use aggregates::values::{Context, Operation, PermissionId, RoleId, UserId};

use super::{
    LocatedPermission, ResourceRow, RightRow, UsageRow,
    record::{ResourceKey, ResourceRecord},
};
use crate::{
    page::{Page, Paged},
    store::{
        self, Column, Sort, load, select_in,
        sql::{Argument, Boxed, Db, Error, Row, Tx, sql},
        unreadable,
    },
};

/// A page of the resources that permissions name, each with its uses, in the order in which they were first named. If
/// `ids` is given, only these permissions count.
pub fn page<'a>(
    db: &'a Db,
    page: &'a Page,
    ids: Option<&'a [PermissionId]>,
) -> Boxed<'a, Result<Paged<ResourceRow>, Error>> {
    Box::pin(async move {
        let mut tx = db.snapshot().await?;
        let Some(ids) = ids else {
            let Paged { rows, total } =
                store::page(&mut tx, &[ResourceRecord::ALL], Sort::OLDEST_FIRST, page).await?;
            let keys: Vec<Argument<'static>> = rows.iter().map(|row| row.resource_key.into()).collect();
            let uses = uses(&mut tx, "resource_key", &keys).await?;
            return Ok(Paged {
                rows: with_uses(rows, uses),
                total,
            });
        };
        let uses = uses(&mut tx, "permission_id", &distinct(ids)).await?;
        let keys = uses.keys().copied();
        let mut resources: Vec<ResourceRecord> = load(&mut tx, ResourceRecord::WITH_KEY, keys).await?;
        resources.sort_unstable_by_key(|resource| resource.ordinal);
        let Paged { rows, total } = page.of(resources);
        Ok(Paged {
            rows: with_uses(rows, uses),
            total,
        })
    })
}

/// The ids of all permissions, grouped by equal rights; oldest first.
pub fn ids<'a>(db: &'a Db) -> Boxed<'a, Result<Vec<RightRow>, Error>> {
    Box::pin(async move {
        let statement = sql(
            "SELECT permission_id, resource, operation, context, resource_key FROM permission_usage ORDER BY ordinal",
        );
        let mut rights: Vec<RightRow> = Vec::new();
        let mut places = HashMap::new();
        for row in db.all(statement).await? {
            let operation = Operation::parse(row.str(2)?).map_err(unreadable)?;
            let place = *places
                .entry((ResourceKey::read(&row, 4)?, operation))
                .or_insert(rights.len());
            let id = PermissionId::read(&row, 0)?;
            if let Some(right) = rights.get_mut(place) {
                right.ids.push(id);
            } else {
                let context = Context::parse(row.str(3)?).map_err(unreadable)?;
                rights.push(RightRow {
                    resource: row.text(1)?,
                    operation,
                    context,
                    ids: vec![id],
                });
            }
        }
        Ok(rights)
    })
}

/// Where these permissions are, oldest first. The result leaves out unknown ids.
pub fn locate<'a>(db: &'a Db, ids: &'a [PermissionId]) -> Boxed<'a, Result<Vec<LocatedPermission>, Error>> {
    Box::pin(async move {
        let before = "SELECT p.permission_id, p.role_id, r.owner_user_id, p.ordinal FROM permission_usage p \
                  JOIN role_directory r ON r.role_id = p.role_id WHERE p.permission_id IN";
        let mut tx = db.snapshot().await?;
        let mut located = Vec::new();
        for row in select_in(&mut tx, before, &distinct(ids), "", &[]).await? {
            let permission = LocatedPermission {
                id: PermissionId::read(&row, 0)?,
                role_id: RoleId::read(&row, 1)?,
                owner: Column::read(&row, 2)?,
            };
            located.push((row.int(3)?, permission));
        }
        located.sort_unstable_by_key(|(ordinal, _)| *ordinal);
        Ok(located.into_iter().map(|(_, permission)| permission).collect())
    })
}

/// The uses of resources by those permissions whose `column` has one of these values, oldest permission first.
async fn uses(
    tx: &mut Tx<'_>,
    column: &str,
    keys: &[Argument<'static>],
) -> Result<HashMap<ResourceKey, Vec<UsageRow>>, Error> {
    let before = format!(
        "SELECT p.permission_id, p.resource_key, p.operation, r.role_id, r.name, r.is_shared, p.ordinal \
         FROM permission_usage p JOIN role_directory r ON r.role_id = p.role_id WHERE p.{column} IN"
    );
    let mut found = Vec::new();
    for row in select_in(tx, &before, keys, "", &[]).await? {
        found.push((row.int(6)?, ResourceKey::read(&row, 1)?, usage(&row)?));
    }
    found.sort_by_key(|(ordinal, ..)| *ordinal);
    let mut of_one: Vec<RoleId> = found
        .iter()
        .filter(|(_, _, usage)| !usage.is_role_shared)
        .map(|(_, _, usage)| usage.role_id)
        .collect();
    of_one.sort_unstable();
    of_one.dedup();
    let holders = only_holders(tx, &of_one).await?;
    let mut uses = HashMap::<_, Vec<_>>::new();
    for (_, key, mut usage) in found {
        if let Some((id, name)) = holders.get(&usage.role_id).filter(|_| !usage.is_role_shared) {
            (usage.user_id, usage.username) = (Some(*id), Some(name.clone()));
        }
        uses.entry(key).or_default().push(usage);
    }
    Ok(uses)
}

/// The holders of these roles, which are not shared. This is a separate statement: in a join with the permissions, the
/// database would also look for the holders of shared roles, and every user may hold a shared role.
async fn only_holders(tx: &mut Tx<'_>, roles: &[RoleId]) -> Result<HashMap<RoleId, (UserId, String)>, Error> {
    let before = "SELECT g.role_id, u.user_id, u.username FROM user_roles g \
                  JOIN user_directory u ON u.user_id = g.user_id WHERE g.role_id IN";
    let mut holders = HashMap::new();
    for row in select_in(tx, before, roles, "ORDER BY g.granted_position", &[]).await? {
        let (role, user) = (RoleId::read(&row, 0)?, UserId::read(&row, 1)?);
        holders.entry(role).or_insert((user, row.text(2)?));
    }
    Ok(holders)
}

fn with_uses(
    resources: Vec<ResourceRecord>,
    mut uses: HashMap<ResourceKey, Vec<UsageRow>>,
) -> Vec<ResourceRow> {
    let rows = resources.into_iter().map(|resource| ResourceRow {
        usage: uses.remove(&resource.resource_key).unwrap_or_default(),
        resource: resource.resource.to_string(),
        context: resource.context,
    });
    rows.collect()
}

fn usage(row: &Row) -> Result<UsageRow, Error> {
    Ok(UsageRow {
        permission_id: PermissionId::read(row, 0)?,
        role_id: RoleId::read(row, 3)?,
        role_name: row.text(4)?,
        is_role_shared: row.bool(5)?,
        user_id: None,
        username: None,
        operation: Operation::parse(row.str(2)?).map_err(unreadable)?,
    })
}

fn distinct(ids: &[PermissionId]) -> Vec<Argument<'static>> {
    let mut ids = ids.to_vec();
    ids.sort_unstable();
    ids.dedup();
    ids.into_iter().map(Argument::from).collect()
}
