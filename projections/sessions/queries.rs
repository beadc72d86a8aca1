//! Queries about sessions.

use aggregates::values::{SessionId, Timestamp, TokenFingerprint, UserId};

use super::{SessionRow, record::SessionRecord};
use crate::store::{
    Column, Record, select_in,
    sql::{Argument, Boxed, Db, Error, Row, Statement, Tx, sql},
};

/// The tokens of a user that are valid at `now`, oldest first.
pub fn of_user<'a>(db: &'a Db, user: UserId, now: Timestamp) -> Boxed<'a, Result<Vec<SessionRow>, Error>> {
    Box::pin(async move {
        let statement = select("WHERE user_id = $1 AND expires_at > $2 ORDER BY ordinal");
        let rows = db.all(statement.bind(user).bind(now.micros())).await?;
        rows.iter().map(session).collect()
    })
}

/// How many tokens of a user are valid at `now`. It counts no further than to `most`, and reads no more.
pub fn number_of_user<'a>(
    db: &'a Db,
    user: UserId,
    now: Timestamp,
    most: i64,
) -> Boxed<'a, Result<i64, Error>> {
    Box::pin(async move {
        let count = sql("SELECT COUNT(*) FROM \
             (SELECT expires_at FROM sessions WHERE user_id = $1 AND expires_at > $2 LIMIT $3) AS first");
        let rows = db.all(count.bind(user).bind(now.micros()).bind(most)).await?;
        rows.first().map_or(Ok(0), |row| row.int(0))
    })
}

/// A user's session, by the fingerprint of its token: also if it expired, but not if it was revoked.
pub fn find_by_fingerprint<'a>(
    db: &'a Db,
    user: UserId,
    fingerprint: &'a TokenFingerprint,
) -> Boxed<'a, Result<Option<SessionRow>, Error>> {
    Box::pin(async move {
        let statement = select("WHERE fingerprint = $1 AND user_id = $2 ORDER BY ordinal");
        let row = db
            .optional(statement.bind(Column::bind(fingerprint)).bind(user))
            .await?;
        row.as_ref().map(session).transpose()
    })
}

/// A user's session, by its id: also if it expired, but not if it was revoked.
pub fn find<'a>(db: &'a Db, user: UserId, id: SessionId) -> Boxed<'a, Result<Option<SessionRow>, Error>> {
    Box::pin(async move {
        let statement = select("WHERE session_id = $1 AND user_id = $2");
        let row = db.optional(statement.bind(id).bind(user)).await?;
        row.as_ref().map(session).transpose()
    })
}

/// The tokens of these users that are valid at `now`, each user's oldest first, with one statement.
pub(crate) async fn of_users(
    tx: &mut Tx<'_>,
    users: &[Argument<'static>],
    now: Timestamp,
) -> Result<Vec<SessionRow>, Error> {
    let before = format!(
        "SELECT {} FROM sessions WHERE expires_at > $1 AND user_id IN",
        SessionRecord::TABLE.column_list()
    );
    let rows = select_in(tx, &before, users, "ORDER BY ordinal", &[now.micros().into()]).await?;
    rows.iter().map(session).collect()
}

fn select(condition: &str) -> Statement<'static> {
    sql(format!(
        "SELECT {} FROM sessions {condition}",
        SessionRecord::TABLE.column_list()
    ))
}

fn session(row: &Row) -> Result<SessionRow, Error> {
    Ok(SessionRecord::read(row)?.into_row())
}
