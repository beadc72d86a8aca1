//! Queries about permissions.

use std::collections::HashMap;

use aggregates::values::{Context, Operation, PermissionId, RoleId, TopicFilter, UserId};

use super::{
    LocatedPermission, ResourceRow, RightRow, UsageRow, Uses,
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

/// The most uses of one resource that a page shows.
pub const MOST_USES: usize = 100;

/// A page of the resources that permissions name, each with its first uses, in the order in which they were first named. If
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
            let uses = first_uses(&mut tx, &rows).await?;
            return Ok(Paged {
                rows: with_uses(rows, uses),
                total,
            });
        };
        let found = uses_in(&mut tx, "permission_id", &distinct(ids)).await?;
        let keys = found.keys().copied();
        let mut resources: Vec<ResourceRecord> = load(&mut tx, ResourceRecord::WITH_KEY, keys).await?;
        resources.sort_unstable_by_key(|resource| resource.ordinal);
        let Paged { rows, total } = page.of(resources);
        Ok(Paged {
            rows: with_uses(rows, found),
            total,
        })
    })
}

/// The uses of one resource after an ordinal, at most `limit`. If `ids` is given, only these permissions count.
pub fn usage_of<'a>(
    db: &'a Db,
    (context, resource): (Context, &'a TopicFilter),
    ids: Option<&'a [PermissionId]>,
    after: i64,
    limit: usize,
) -> Boxed<'a, Result<Uses, Error>> {
    Box::pin(async move {
        let mut tx = db.snapshot().await?;
        let key = ResourceKey::of(context, resource);
        let rows = match ids {
            None => uses_after(&mut tx, key, after, limit + 1).await?,
            Some(ids) => {
                let mut found = uses_in(&mut tx, "permission_id", &distinct(ids)).await?;
                let mut rows = found.remove(&key).unwrap_or_default();
                rows.retain(|(ordinal, _)| *ordinal > after);
                rows
            }
        };
        Ok(cut(rows, limit))
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

/// Of how many resources with many uses one statement reads the first uses.
const RESOURCES_AT_ONCE: usize = 16;

/// The columns of a use, before the condition on `p`.
const USES: &str = "SELECT p.permission_id, p.resource_key, p.operation, r.role_id, r.name, r.is_shared, p.ordinal \
                    FROM permission_usage p JOIN role_directory r ON r.role_id = p.role_id WHERE";

/// Uses of resources, with the ordinals of their permissions.
type ByResource = HashMap<ResourceKey, Vec<(i64, UsageRow)>>;

/// The first uses of these resources: of each resource at most one more than [`MOST_USES`].
async fn first_uses(tx: &mut Tx<'_>, resources: &[ResourceRecord]) -> Result<ByResource, Error> {
    let most = MOST_USES as i64;
    let (few, many): (Vec<_>, Vec<_>) = resources.iter().partition(|resource| resource.uses <= most);
    let keys = |resources: &[&ResourceRecord]| -> Vec<Argument<'static>> {
        resources
            .iter()
            .map(|resource| resource.resource_key.into())
            .collect()
    };
    let mut rows = select_in(tx, &format!("{USES} p.resource_key IN"), &keys(&few), "", &[]).await?;
    for some in keys(&many).chunks(RESOURCES_AT_ONCE) {
        rows.extend(first_rows(tx, some).await?);
    }
    by_resource(tx, &rows).await
}

/// The first uses of resources that have more than [`MOST_USES`]. Each resource has a part of the statement: a condition on all of them would
/// read all their uses.
async fn first_rows(tx: &mut Tx<'_>, keys: &[Argument<'static>]) -> Result<Vec<Row>, Error> {
    let first = |number: usize| {
        format!(
            "SELECT * FROM ({USES} p.resource_key = ${number} ORDER BY p.ordinal LIMIT {}) AS of_{number}",
            MOST_USES + 1
        )
    };
    let parts: Vec<String> = (1..=keys.len()).map(first).collect();
    let statement = sql(parts.join(" UNION ALL "));
    tx.all(statement.bind_all(keys.iter().cloned())).await
}

/// The uses of resources by those permissions whose `column` has one of these values, oldest permission first.
async fn uses_in(tx: &mut Tx<'_>, column: &str, keys: &[Argument<'static>]) -> Result<ByResource, Error> {
    let rows = select_in(tx, &format!("{USES} p.{column} IN"), keys, "", &[]).await?;
    by_resource(tx, &rows).await
}

/// The uses in these rows by their resources, oldest permission first.
async fn by_resource(tx: &mut Tx<'_>, rows: &[Row]) -> Result<ByResource, Error> {
    let mut found = rows.iter().map(usage).collect::<Result<Vec<_>, _>>()?;
    found.sort_by_key(|found| found.ordinal);
    with_holders(tx, &mut found).await?;
    let mut uses = ByResource::new();
    for Found { key, ordinal, usage } in found {
        uses.entry(key).or_default().push((ordinal, usage));
    }
    Ok(uses)
}

/// The uses of a resource by the permissions after an ordinal, at most `limit`, oldest permission first.
async fn uses_after(
    tx: &mut Tx<'_>,
    key: ResourceKey,
    after: i64,
    limit: usize,
) -> Result<Vec<(i64, UsageRow)>, Error> {
    let statement = format!("{USES} p.resource_key = $1 AND p.ordinal > $2 ORDER BY p.ordinal LIMIT $3");
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let statement = sql(statement).bind(Argument::from(key)).bind(after).bind(limit);
    let rows = tx.all(statement).await?;
    let mut found = rows.iter().map(usage).collect::<Result<Vec<_>, _>>()?;
    with_holders(tx, &mut found).await?;
    Ok(found
        .into_iter()
        .map(|found| (found.ordinal, found.usage))
        .collect())
}

/// The first rows of a list that may have more than `most`.
fn cut(mut rows: Vec<(i64, UsageRow)>, most: usize) -> Uses {
    let is_cut = rows.len() > most;
    rows.truncate(most);
    Uses {
        next: rows.last().map(|(ordinal, _)| *ordinal).filter(|_| is_cut),
        rows: rows.into_iter().map(|(_, usage)| usage).collect(),
    }
}

/// A use as a statement finds it.
struct Found {
    key: ResourceKey,
    ordinal: i64,
    usage: UsageRow,
}

/// Adds the only holders of roles that are not shared.
async fn with_holders(tx: &mut Tx<'_>, found: &mut [Found]) -> Result<(), Error> {
    let mut of_one: Vec<&mut UsageRow> = found.iter_mut().map(|found| &mut found.usage).collect();
    of_one.retain(|usage| !usage.is_role_shared);
    let mut roles: Vec<RoleId> = of_one.iter().map(|usage| usage.role_id).collect();
    roles.sort_unstable();
    roles.dedup();
    let holders = only_holders(tx, &roles).await?;
    for usage in of_one {
        if let Some((id, name)) = holders.get(&usage.role_id) {
            (usage.user_id, usage.username) = (Some(*id), Some(name.clone()));
        }
    }
    Ok(())
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

fn with_uses(resources: Vec<ResourceRecord>, mut uses: ByResource) -> Vec<ResourceRow> {
    let rows = resources.into_iter().map(|resource| {
        let all = uses.remove(&resource.resource_key).unwrap_or_default();
        let shown = cut(all, MOST_USES);
        ResourceRow {
            usage: shown.rows,
            next_usage: shown.next,
            resource: resource.resource.to_string(),
            context: resource.context,
        }
    });
    rows.collect()
}

fn usage(row: &Row) -> Result<Found, Error> {
    Ok(Found {
        key: ResourceKey::read(row, 1)?,
        ordinal: row.int(6)?,
        usage: UsageRow {
            permission_id: PermissionId::read(row, 0)?,
            role_id: RoleId::read(row, 3)?,
            role_name: row.text(4)?,
            is_role_shared: row.bool(5)?,
            user_id: None,
            username: None,
            operation: Operation::parse(row.str(2)?).map_err(unreadable)?,
        },
    })
}

fn distinct(ids: &[PermissionId]) -> Vec<Argument<'static>> {
    let mut ids = ids.to_vec();
    ids.sort_unstable();
    ids.dedup();
    ids.into_iter().map(Argument::from).collect()
}
