//! The names of all roles.

use aggregates::{role::claims::ROLE_NAME, values::RoleId};

use super::record::RoleRecord;
use crate::{
    names::{Named, Names, PAGE},
    store::{
        Record, load,
        sql::{Boxed, Error, Read, sql},
    },
};

/// The names of roles. The roles that carry users' own permissions have no names of their own.
pub(crate) const NAMES: Names = Names {
    scope: ROLE_NAME,
    page,
    of,
};

const LISTS: [(bool, bool); 4] = [(false, false), (false, true), (true, false), (true, true)];

fn page(db: &mut dyn Read, list: usize, after: i64) -> Boxed<'_, Result<Option<Vec<Named>>, Error>> {
    Box::pin(async move {
        let Some((auto_generated, is_shared)) = LISTS.get(list).copied() else {
            return Ok(None);
        };
        let select = sql(format!(
            "SELECT {} FROM role_directory WHERE auto_generated = $1 AND is_shared = $2 AND ordinal > $3 \
             AND owner_user_id IS NULL ORDER BY ordinal LIMIT $4",
            RoleRecord::TABLE.column_list()
        ));
        let select = select.bind(auto_generated).bind(is_shared).bind(after).bind(PAGE);
        let rows = db.all(select).await?;
        let named = rows.iter().map(|row| RoleRecord::read(row).map(named));
        named.collect::<Result<_, _>>().map(Some)
    })
}

fn of(db: &mut dyn Read, ids: Vec<String>) -> Boxed<'_, Result<Vec<Named>, Error>> {
    Box::pin(async move {
        let ids: Vec<RoleId> = ids.iter().filter_map(|id| RoleId::parse(id).ok()).collect();
        let roles: Vec<RoleRecord> = load(db, RoleRecord::WITH_ID, ids).await?;
        Ok(roles.into_iter().map(named).collect())
    })
}

fn named(role: RoleRecord) -> Named {
    Named {
        id: role.role_id.to_string(),
        name: role.name,
        made_at: role.ordinal,
    }
}
