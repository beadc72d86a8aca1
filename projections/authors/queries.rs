//! Queries about authors.

use std::collections::{BTreeMap, BTreeSet};

use aggregates::values::{AccountId, UserId};

use super::record::AuthorRecord;
use crate::store::{
    load,
    sql::{Boxed, Db, Error},
};

/// The numbers of these actors; actors without a number are left out.
pub fn numbers_of<'a>(
    db: &'a Db,
    actors: impl IntoIterator<Item = UserId>,
) -> Boxed<'a, Result<BTreeMap<UserId, AccountId>, Error>> {
    let actors: BTreeSet<UserId> = actors.into_iter().collect();
    Box::pin(async move {
        let found = load(&mut &*db, AuthorRecord::WITH_ID, actors).await?;
        Ok(found.into_iter().map(|row| (row.actor, row.account)).collect())
    })
}
