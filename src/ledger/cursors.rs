//! How far each broker has been told what happened: a durable cursor.
//!
//! No event says so, since nothing that the ledger knows changes. Several nodes may tell one broker the same. A cursor only moves forward.

use projections::sql::{Boxed, sql};

use super::{AppendError, Ledger, LedgerError};

/// The cursor of a broker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokerCursor {
    /// The name of the broker.
    pub broker: String,
    /// Up to which event it was told.
    pub position: i64,
}

impl Ledger {
    /// The cursors of all brokers, by name.
    pub fn broker_cursors(&self) -> Boxed<'_, Result<Vec<BrokerCursor>, LedgerError>> {
        Box::pin(async move {
            let rows = sql("SELECT broker, position FROM broker_cursors ORDER BY broker");
            let mut cursors = Vec::new();
            for row in self.db().all(rows).await? {
                cursors.push(BrokerCursor {
                    broker: row.text(0)?,
                    position: row.int(1)?,
                });
            }
            Ok(cursors)
        })
    }

    /// Moves the cursor of a broker forward to this position. A broker without a cursor gets one.
    pub fn move_broker_cursor<'a>(
        &'a self,
        broker: &'a str,
        position: i64,
    ) -> Boxed<'a, Result<(), AppendError>> {
        Box::pin(async move {
            let upsert = sql("INSERT INTO broker_cursors (broker, position) VALUES ($1, $2) \
                 ON CONFLICT (broker) DO UPDATE SET position = EXCLUDED.position \
                 WHERE broker_cursors.position < EXCLUDED.position");
            let upsert = upsert.bind(broker.to_owned()).bind(position);
            self.appender.beside(upsert).await.map(drop)
        })
    }
}
