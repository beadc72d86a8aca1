//! The users whose failed logins every node must forget.
//!
//! Each node counts failed logins in its own memory. A row of this table reaches all of them. It is no event, since it changes nothing
//! that the ledger knows.

use aggregates::values::{Timestamp, UserId};
use projections::sql::{Db, Error, Statement, sql};

use super::{AppendError, Ledger, LedgerError};

/// The failed logins of a user must be forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Clearing {
    /// The user.
    pub user: UserId,
    /// When somebody asked for it.
    pub asked_at: Timestamp,
}

impl Ledger {
    /// Asks all nodes to forget the failed logins of a user. The appender writes this: on SQLite, another connection would have to wait
    /// for the lock while this process writes. Refuses while the clocks are too far apart: other nodes compare the time.
    pub async fn ask_to_clear(&self, clearing: Clearing) -> Result<(), AppendError> {
        self.clocks.judge().map_err(LedgerError::from)?;
        self.appender.beside(asking(clearing)).await.map(drop)
    }
}

/// Asks all nodes to forget the failed logins of a user, from a process without an appender.
pub async fn ask_to_clear(db: &Db, clearing: Clearing) -> Result<(), Error> {
    db.execute(asking(clearing)).await.map(drop)
}

fn asking(clearing: Clearing) -> Statement<'static> {
    let ask = "INSERT INTO login_clearings (user_id, asked_at) VALUES ($1, $2) \
               ON CONFLICT (user_id) DO UPDATE SET asked_at = EXCLUDED.asked_at";
    sql(ask)
        .bind(clearing.user.to_string())
        .bind(clearing.asked_at.micros())
}

/// The clearings for which somebody asked at this time or later.
pub async fn clearings_since(db: &Db, since: Timestamp) -> Result<Vec<Clearing>, Error> {
    let select = sql("SELECT user_id, asked_at FROM login_clearings WHERE asked_at >= $1");
    let rows = db.all(select.bind(since.micros())).await?;
    let mut clearings = Vec::with_capacity(rows.len());
    for row in &rows {
        let asked_at = Timestamp::from_micros(row.int(1)?);
        // Only somebody who changes the database by hand could write a text that is not an id.
        if let Ok(user) = UserId::parse(&row.text(0)?) {
            clearings.push(Clearing { user, asked_at });
        }
    }
    Ok(clearings)
}
