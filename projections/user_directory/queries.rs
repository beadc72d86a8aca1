//! Queries about users.

use aggregates::{
    sealing::ERASED,
    values::{Timestamp, UserId},
};

use super::{UserRow, holdings::with_holdings, record::UserRecord};
use crate::{
    page::{Page, Paged},
    role_directory::Shown,
    spellings::with_spellings,
    store::{
        self, Column as _, Sort, load,
        sql::{Boxed, Db, Error, sql},
    },
};

/// A page of all users, oldest first. The rows leave out tokens that expired by `now`.
pub fn page<'a>(
    db: &'a Db,
    page: &'a Page,
    exclude_auto_generated: bool,
    now: Timestamp,
) -> Boxed<'a, Result<Paged<UserRow>, Error>> {
    Box::pin(async move {
        let lists: &[_] = if exclude_auto_generated {
            &[UserRecord::BY_PERSONS]
        } else {
            &[UserRecord::BY_PERSONS, UserRecord::BY_SERVICES]
        };
        let mut tx = db.snapshot().await?;
        let Paged { rows, total } = store::page(&mut tx, lists, Sort::OLDEST_FIRST, page).await?;
        Ok(Paged {
            rows: with_holdings(&mut tx, rows, now, Shown::OnAPage).await?,
            total,
        })
    })
}

/// A page of the users with these names, however they are spelt, oldest first. It leaves out unknown names; a name that occurs
/// twice counts once. No name finds a user whose name was erased.
pub fn by_usernames<'a>(
    db: &'a Db,
    usernames: &'a [impl AsRef<str>],
    page: &'a Page,
    exclude_auto_generated: bool,
    now: Timestamp,
) -> Boxed<'a, Result<Paged<UserRow>, Error>> {
    let mut names = with_spellings(usernames.iter().map(AsRef::as_ref));
    Box::pin(async move {
        names.retain(|name| name != ERASED);
        let mut tx = db.snapshot().await?;
        let mut found: Vec<UserRecord> = load(&mut tx, UserRecord::NAMED, names).await?;
        found.retain(|user| !(exclude_auto_generated && user.auto_generated));
        found.sort_unstable_by_key(|user| user.ordinal);
        let Paged { rows, total } = page.of(found);
        Ok(Paged {
            rows: with_holdings(&mut tx, rows, now, Shown::OnAPage).await?,
            total,
        })
    })
}

/// The user with this id.
pub fn find<'a>(db: &'a Db, id: UserId, now: Timestamp) -> Boxed<'a, Result<Option<UserRow>, Error>> {
    Box::pin(async move { Ok(find_many(db, &[id], now).await?.pop()) })
}

/// The users with these ids, oldest first. The result leaves out unknown ids.
pub fn find_many<'a>(
    db: &'a Db,
    ids: &'a [UserId],
    now: Timestamp,
) -> Boxed<'a, Result<Vec<UserRow>, Error>> {
    Box::pin(async move {
        let mut ids = ids.to_vec();
        ids.sort_unstable();
        ids.dedup();
        let mut tx = db.snapshot().await?;
        let mut users: Vec<UserRecord> = load(&mut tx, UserRecord::WITH_ID, ids).await?;
        users.sort_unstable_by_key(|user| user.ordinal);
        with_holdings(&mut tx, users, now, Shown::All).await
    })
}

/// Whether a service made the user, not a person. False if there is no such user.
pub fn is_auto_generated(db: &Db, id: UserId) -> Boxed<'_, Result<bool, Error>> {
    Box::pin(async move {
        let mut tx = db.snapshot().await?;
        let found: Vec<UserRecord> = load(&mut tx, UserRecord::WITH_ID, vec![id]).await?;
        Ok(found.iter().any(|user| user.auto_generated))
    })
}

/// The ids of all users, oldest first.
pub fn ids<'a>(db: &'a Db) -> Boxed<'a, Result<Vec<UserId>, Error>> {
    Box::pin(async move {
        let rows = db
            .all(sql("SELECT user_id FROM user_directory ORDER BY ordinal"))
            .await?;
        rows.iter().map(|row| UserId::read(row, 0)).collect()
    })
}

/// The names of all users, oldest first.
pub fn usernames<'a>(db: &'a Db) -> Boxed<'a, Result<Vec<String>, Error>> {
    Box::pin(async move {
        let rows = db
            .all(sql("SELECT username FROM user_directory ORDER BY ordinal"))
            .await?;
        rows.iter().map(|row| row.text(0)).collect()
    })
}
