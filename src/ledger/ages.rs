//! When a user got the password that they have, according to the events.

use aggregates::values::{Timestamp, UserId};
use projections::sql::{Boxed, sql};

use super::{Ledger, LedgerError};

impl Ledger {
    /// When the user got their present password; `None` if there is no such user. It looks back from the user's newest event to the last one
    /// that set a password.
    pub fn password_set_at(&self, user: UserId) -> Boxed<'_, Result<Option<Timestamp>, LedgerError>> {
        Box::pin(async move {
            let newest = sql(
                "SELECT recorded_at FROM events WHERE aggregate_type = 'user' AND aggregate_id = $1 \
                 AND event_type IN ('user.created', 'user.password_changed', 'user.password_set') \
                 ORDER BY sequence DESC LIMIT 1",
            );
            let row = self.db().optional(newest.bind(user.to_string())).await?;
            let at = row.map(|row| row.int(0)).transpose()?;
            Ok(at.map(Timestamp::from_micros))
        })
    }
}
