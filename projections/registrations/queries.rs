//! Queries about registrations.

use aggregates::values::{RegistrationId, Timestamp};

use super::{RegistrationRow, record::RegistrationRecord};
use crate::store::{
    Record, load,
    sql::{Boxed, Db, Error, sql},
};

/// The registration with this username that is pending at `now` or was confirmed. If the user of a confirmed one got the name of a pending
/// one later, it is the confirmed one.
pub fn find<'a>(
    db: &'a Db,
    username: &'a str,
    now: Timestamp,
) -> Boxed<'a, Result<Option<RegistrationRow>, Error>> {
    Box::pin(async move {
        let named = load(&mut &*db, RegistrationRecord::NAMED, [username.to_owned()]).await?;
        let alive = named
            .into_iter()
            .filter(|record| record.granted || record.expires_at > now);
        Ok(alive
            .max_by_key(|record| record.granted)
            .map(RegistrationRecord::into_row))
    })
}

/// The registrations that have not expired at `now`, oldest first: those that are pending, and those that were confirmed meanwhile.
pub fn list<'a>(db: &'a Db, now: Timestamp) -> Boxed<'a, Result<Vec<RegistrationRow>, Error>> {
    Box::pin(async move {
        // Two conditions with a constant use the index, whatever the database thinks of the number of rows.
        let columns = RegistrationRecord::TABLE.column_list();
        let statement = sql(format!(
            "SELECT {columns} FROM registrations WHERE granted = FALSE AND expires_at > $1 \
             UNION ALL SELECT {columns} FROM registrations WHERE granted = TRUE AND expires_at > $1 ORDER BY ordinal"
        ));
        let rows = db.all(statement.bind(now.micros())).await?;
        rows.iter()
            .map(|row| Ok(RegistrationRecord::read(row)?.into_row()))
            .collect()
    })
}

/// Up to `limit` registrations that expired until `now` and whose end is not recorded yet, those first that expired first.
pub fn expired<'a>(db: &'a Db, now: Timestamp, limit: i64) -> Boxed<'a, Result<Vec<RegistrationId>, Error>> {
    Box::pin(async move {
        let statement = sql(
            "SELECT registration_id FROM registrations WHERE granted = FALSE AND expires_at <= $1 \
             ORDER BY expires_at LIMIT $2",
        );
        let rows = db.all(statement.bind(now.micros()).bind(limit)).await?;
        rows.iter().map(|row| row.id(0).map(RegistrationId)).collect()
    })
}
