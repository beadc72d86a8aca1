//! Refusals that should be deleted already.

use std::fmt;

use projections::sql::{Row, sql};

use super::{
    Keeping, Refusals,
    names::{DAY, period_of},
};
use crate::LedgerError;

/// For how many days nobody complains that something should be deleted already.
const GRACE: i64 = 2;

/// What should be deleted already: for how many days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overdue {
    /// Rows.
    pub rows: Option<i64>,
    /// Names and addresses, which can still be read.
    pub names: Option<i64>,
}

impl fmt::Display for Overdue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows = self
            .rows
            .map(|days| format!("rows are kept for {days} days too long (AUDIT_REFUSALS_DAYS)"));
        let names = self
            .names
            .map(|days| format!("names can be read for {days} days too long (AUDIT_NAMES_DAYS)"));
        let both: Vec<String> = rows.into_iter().chain(names).collect();
        write!(
            f,
            "{}. Does a server run, and is its clock right? Its log says why it deletes nothing",
            both.join(", and ")
        )
    }
}

impl Refusals {
    /// What should be deleted already for more than two days.
    pub async fn overdue(&self, keeping: &Keeping) -> Result<Option<Overdue>, LedgerError> {
        let now = self.clock.now().micros();
        let number = |row: Option<Row>| row.map(|row| row.int(0)).transpose();
        let oldest = sql("SELECT first_at FROM refusals ORDER BY first_at, refusal_id LIMIT 1");
        let oldest = number(self.db.optional(oldest).await?)?;
        let named =
            sql("SELECT period FROM refusal_keys WHERE wrapped_key IS NOT NULL ORDER BY period LIMIT 1");
        let named = number(self.db.optional(named).await?)?;
        let rows_late = oldest.map(|oldest| now.saturating_sub(oldest) / DAY - keeping.days);
        // The day itself does not count.
        let names_late = named.map(|named| period_of(now).saturating_sub(named) - keeping.names_days - 1);
        let is_late = |days: &i64| *days >= GRACE;
        let overdue = Overdue {
            rows: rows_late.filter(is_late),
            names: names_late.filter(is_late),
        };
        Ok((overdue.rows.is_some() || overdue.names.is_some()).then_some(overdue))
    }
}
