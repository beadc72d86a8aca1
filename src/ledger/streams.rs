//! Reads the streams of many aggregates at once, and finds the grants of a role.

use std::collections::BTreeSet;

use aggregates::{
    Recorded,
    values::{RoleId, UserId},
};
use authorization::Interest;
use projections::sql::{Boxed, sql};

use super::{Ledger, LedgerError};

/// At how many positions one statement looks.
const WINDOW: i64 = 50_000;

impl Ledger {
    /// The events of all these aggregates of one type, up to a position, in order.
    pub fn streams_until<'a>(
        &'a self,
        aggregate_type: &'static str,
        ids: &'a BTreeSet<String>,
        until: i64,
    ) -> Boxed<'a, Result<Vec<Recorded>, LedgerError>> {
        Box::pin(async move {
            let interest = Interest::default();
            let mut events = self.streams(aggregate_type, ids, (0, until), &interest).await?;
            events.sort_by_key(|event| event.position);
            Ok(events)
        })
    }

    /// Some of the users to whom a role was granted after a position and up to another one, each once, and the position up to which these
    /// are all. The database looks at a bounded number of events, and gives out only ids.
    pub fn granted_role<'a>(
        &'a self,
        role: RoleId,
        after: i64,
        until: i64,
    ) -> Boxed<'a, Result<(Vec<UserId>, i64), LedgerError>> {
        Box::pin(async move {
            let end = until.min(after.saturating_add(WINDOW));
            let select = sql(
                "SELECT DISTINCT aggregate_id FROM event_streams WHERE event_type = 'user.role_granted' \
                 AND position > $1 AND position <= $2 AND payload ->> 'role_id' = $3",
            );
            let select = select.bind(after).bind(end).bind(role.to_string());
            let mut users = Vec::new();
            for row in self.db().all(select).await? {
                users.extend(UserId::parse(row.str(0)?));
            }
            Ok((users, end))
        })
    }
}
