//! The numbers of revocation lists. All nodes take them from one row for each issuer, so they never decrease, whatever the clocks of the nodes
//! say. As with cursors, no event says any of it.

use aggregates::values::KeyId;
use projections::sql::{Error, sql};

use super::{AppendError, Ledger};

/// The number of the last list of an issuer, and what the list was made for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ListNumber {
    /// The number.
    pub number: i64,
    /// The position of the last revocation in the list.
    pub position: i64,
    /// The hour of the list, counted from 1970.
    pub hour: i64,
}

impl Ledger {
    /// The number of the last list of an issuer; 0 if it has none.
    pub async fn list_number(&self, issuer: &KeyId) -> Result<ListNumber, Error> {
        let select = sql("SELECT number, position, hour FROM list_numbers WHERE issuer = $1");
        let rows = self.db.all(select.bind(issuer.to_string())).await?;
        match rows.first() {
            None => Ok(ListNumber::default()),
            Some(row) => Ok(ListNumber {
                number: row.int(0)?,
                position: row.int(1)?,
                hour: row.int(2)?,
            }),
        }
    }

    /// Gives the list of an issuer a number: the one that is proposed, or a higher one if a list has had that. If the last list was made for
    /// the same, it keeps its number. If it has a later revocation, nothing changes.
    pub async fn number_list(&self, issuer: &KeyId, proposed: ListNumber) -> Result<(), AppendError> {
        let upsert = sql(
            "INSERT INTO list_numbers (issuer, number, position, hour) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (issuer) DO UPDATE SET \
             number = CASE WHEN list_numbers.number < EXCLUDED.number THEN EXCLUDED.number ELSE list_numbers.number + 1 END, \
             position = EXCLUDED.position, hour = EXCLUDED.hour \
             WHERE list_numbers.position < EXCLUDED.position \
             OR (list_numbers.position = EXCLUDED.position AND list_numbers.hour <> EXCLUDED.hour)",
        );
        let ListNumber {
            number,
            position,
            hour,
        } = proposed;
        let upsert = upsert
            .bind(issuer.to_string())
            .bind(number)
            .bind(position)
            .bind(hour);
        self.appender.beside(upsert).await.map(drop)
    }
}
