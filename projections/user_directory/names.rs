//! The names of all users.

use aggregates::{user::claims::USERNAME, values::UserId};

use super::record::UserRecord;
use crate::{
    names::{Named, Names, PAGE},
    store::{
        Record, load,
        sql::{Boxed, Error, Read, sql},
    },
};

/// The usernames.
pub(crate) const NAMES: Names = Names {
    scope: USERNAME,
    page,
    of,
};

fn page(db: &mut dyn Read, list: usize, after: i64) -> Boxed<'_, Result<Option<Vec<Named>>, Error>> {
    Box::pin(async move {
        let Some(auto_generated) = [false, true].get(list).copied() else {
            return Ok(None);
        };
        let select = sql(format!(
            "SELECT {} FROM user_directory WHERE auto_generated = $1 AND ordinal > $2 ORDER BY ordinal LIMIT $3",
            UserRecord::TABLE.column_list()
        ));
        let rows = db.all(select.bind(auto_generated).bind(after).bind(PAGE)).await?;
        let named = rows.iter().map(|row| UserRecord::read(row).map(named));
        named.collect::<Result<_, _>>().map(Some)
    })
}

fn of(db: &mut dyn Read, ids: Vec<String>) -> Boxed<'_, Result<Vec<Named>, Error>> {
    Box::pin(async move {
        let ids: Vec<UserId> = ids.iter().filter_map(|id| UserId::parse(id).ok()).collect();
        let users: Vec<UserRecord> = load(db, UserRecord::WITH_ID, ids).await?;
        Ok(users.into_iter().map(named).collect())
    })
}

fn named(user: UserRecord) -> Named {
    Named {
        id: user.user_id.to_string(),
        name: user.username,
        made_at: user.ordinal,
    }
}
