//! Queries about certificates of this server.

use aggregates::values::{Fingerprint, KeyId, RevocationReason, SerialNumber, Timestamp, UserId};

use super::{IssuedRow, record::IssuedRecord};
use crate::{
    page::{Page, Paged},
    store::{
        self, Column, Record, Sort, load,
        sql::{Boxed, Db, Error, Row, Statement, sql},
    },
};

/// An entry of a revocation list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revoked {
    /// The serial number.
    pub serial: SerialNumber,
    /// When the certificate expires: then it leaves the list.
    pub not_after: Timestamp,
    /// Since when it is revoked.
    pub revoked_at: Timestamp,
    /// Why it is revoked, if a reason was given.
    pub reason: Option<RevocationReason>,
}

/// The last revocation of an issuer; the default if it revoked nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Newest {
    /// The position of the event.
    pub position: i64,
    /// When it happened.
    pub revoked_at: Timestamp,
}

impl Default for Newest {
    fn default() -> Self {
        Self {
            position: 0,
            revoked_at: Timestamp::from_micros(0),
        }
    }
}

/// All certificates, oldest first.
pub fn page<'a>(db: &'a Db, page: &'a Page) -> Boxed<'a, Result<Paged<IssuedRow>, Error>> {
    Box::pin(async move {
        let mut tx = db.snapshot().await?;
        let found = store::page(&mut tx, &[IssuedRecord::ALL], Sort::OLDEST_FIRST, page).await?;
        Ok(found.map(IssuedRecord::into_row))
    })
}

/// The most certificates that [`expiring`] shows and counts.
pub const MOST_EXPIRING: i64 = 10_000;

/// The certificates that are valid at `from`, not revoked, and expire by `to`: those that expire first, first. The database reads them in an
/// index, and at most [`MOST_EXPIRING`] of them, however many there are. The total is at most as many.
pub fn expiring<'a>(
    db: &'a Db,
    page: &'a Page,
    (from, to): (Timestamp, Timestamp),
) -> Boxed<'a, Result<Paged<IssuedRow>, Error>> {
    const CONDITION: &str = "WHERE revoked_at IS NULL AND not_after > $1 AND not_after <= $2";
    Box::pin(async move {
        let bounded = |text: String| sql(text).bind(from.micros()).bind(to.micros());
        let count = bounded(format!(
            "SELECT COUNT(*) FROM (SELECT ordinal FROM issued_certificates {CONDITION} LIMIT $3) AS first"
        ));
        let select = bounded(format!(
            "SELECT {} FROM issued_certificates {CONDITION} ORDER BY not_after, ordinal LIMIT $3 OFFSET $4",
            IssuedRecord::TABLE.column_list()
        ));
        let skipped = page.skipped().min(MOST_EXPIRING);
        let limit = page.limit().min(MOST_EXPIRING - skipped);
        let mut tx = db.snapshot().await?;
        let total = match tx.all(count.bind(MOST_EXPIRING)).await?.first() {
            Some(row) => row.int(0)?,
            None => 0,
        };
        let rows = tx.all(select.bind(limit).bind(skipped)).await?;
        Ok(Paged {
            rows: rows.iter().map(issued).collect::<Result<_, _>>()?,
            total,
        })
    })
}

/// The certificates of a user, oldest first.
pub fn of_user<'a>(db: &'a Db, user: UserId) -> Boxed<'a, Result<Vec<IssuedRow>, Error>> {
    Box::pin(async move {
        let rows = db
            .all(select("WHERE user_id = $1 ORDER BY ordinal").bind(user))
            .await?;
        rows.iter().map(issued).collect()
    })
}

/// The certificate with this fingerprint.
pub fn find<'a>(db: &'a Db, fingerprint: &'a Fingerprint) -> Boxed<'a, Result<Option<IssuedRow>, Error>> {
    Box::pin(async move {
        let mut tx = db.snapshot().await?;
        let found: Vec<IssuedRecord> = load(&mut tx, IssuedRecord::WITH_FINGERPRINT, [fingerprint]).await?;
        Ok(found.into_iter().next().map(IssuedRecord::into_row))
    })
}

/// The certificates of an issuer with these serial numbers.
pub fn of_issuer<'a>(
    db: &'a Db,
    issuer: &'a KeyId,
    serials: &'a [SerialNumber],
) -> Boxed<'a, Result<Vec<IssuedRow>, Error>> {
    Box::pin(async move {
        let mut tx = db.snapshot().await?;
        let mut found: Vec<IssuedRecord> = load(&mut tx, IssuedRecord::WITH_SERIAL, serials).await?;
        found.retain(|record| record.issuer == *issuer);
        Ok(found.into_iter().map(IssuedRecord::into_row).collect())
    })
}

/// The last revocation of an issuer, also if the certificate has expired since.
pub fn newest_revocation<'a>(db: &'a Db, issuer: &'a KeyId) -> Boxed<'a, Result<Newest, Error>> {
    Box::pin(async move {
        let statement = sql("SELECT changed_position, revoked_at FROM issued_certificates \
             WHERE issuer = $1 AND revoked_at IS NOT NULL ORDER BY changed_position DESC LIMIT 1");
        let rows = db.all(statement.bind(issuer.bind())).await?;
        match rows.first() {
            None => Ok(Newest::default()),
            Some(row) => Ok(Newest {
                position: Column::read(row, 0)?,
                revoked_at: Column::read(row, 1)?,
            }),
        }
    })
}

/// The certificates of an issuer that events after a position and up to another one revoked, in the order of these events. Certificates that
/// expired before `from` are left out.
pub fn revoked_between<'a>(
    db: &'a Db,
    issuer: &'a KeyId,
    (after, up_to): (i64, i64),
    from: Timestamp,
) -> Boxed<'a, Result<Vec<Revoked>, Error>> {
    Box::pin(async move {
        let statement = sql(
            "SELECT serial, not_after, revoked_at, reason FROM issued_certificates \
             WHERE issuer = $1 AND revoked_at IS NOT NULL AND changed_position > $2 AND changed_position <= $3 \
             AND not_after >= $4 ORDER BY changed_position, serial",
        );
        let statement = statement.bind(issuer.bind()).bind(after).bind(up_to);
        let rows = db.all(statement.bind(from.micros())).await?;
        rows.iter().map(revoked).collect()
    })
}

fn select(condition: &str) -> Statement<'static> {
    let columns = IssuedRecord::TABLE.column_list();
    sql(format!("SELECT {columns} FROM issued_certificates {condition}"))
}

fn issued(row: &Row) -> Result<IssuedRow, Error> {
    Ok(IssuedRecord::read(row)?.into_row())
}

fn revoked(row: &Row) -> Result<Revoked, Error> {
    Ok(Revoked {
        serial: Column::read(row, 0)?,
        not_after: Column::read(row, 1)?,
        revoked_at: Column::read(row, 2)?,
        reason: Column::read(row, 3)?,
    })
}
