//! The questions about users.

use aggregates::values::{Timestamp, UserId};

use super::UserRow;
use crate::{
    page::{Page, Paged},
    sql::{Db, Error},
};

/// A page of all users, oldest first. Tokens that ended by `now` are left out of the rows.
pub async fn page(
    db: &Db,
    page: &Page,
    exclude_auto_generated: bool,
    now: Timestamp,
) -> Result<Paged<UserRow>, Error> {
    todo!()
}

/// A page of the users of these names, oldest first. Unknown names are simply absent, and one named twice is
/// there once.
pub async fn by_usernames(
    db: &Db,
    usernames: &[impl AsRef<str>],
    page: &Page,
    exclude_auto_generated: bool,
    now: Timestamp,
) -> Result<Paged<UserRow>, Error> {
    todo!()
}

/// The user of this id.
pub async fn find(db: &Db, id: UserId, now: Timestamp) -> Result<Option<UserRow>, Error> {
    todo!()
}

/// The users of these ids, oldest first. Unknown ids are simply absent.
pub async fn find_many(db: &Db, ids: &[UserId], now: Timestamp) -> Result<Vec<UserRow>, Error> {
    todo!()
}

/// The ids of all users, oldest first.
pub async fn ids(db: &Db) -> Result<Vec<UserId>, Error> {
    todo!()
}

/// The names of all users, oldest first.
pub async fn usernames(db: &Db) -> Result<Vec<String>, Error> {
    todo!()
}
