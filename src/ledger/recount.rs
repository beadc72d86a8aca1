//! Compares the stored counts of claims with the claims. With a wrong count, the ledger would reject too few or too many units.

use std::collections::BTreeMap;

use aggregates::claim::Scope;
use projections::sql::{Tx, sql};

use super::{Ledger, LedgerError};

/// How many claims are read at once.
const PAGE: i64 = 5_000;

/// A stored count is not the number of the claims.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the stored count of the scope {scope}{} is {stored}, but there are {claimed} claims", place(.within))]
pub struct Miscount {
    /// The scope.
    pub scope: String,
    /// The id of the aggregate within which the claims are counted; empty if they are counted over the whole ledger.
    pub within: String,
    /// The stored count.
    pub stored: i64,
    /// The number of claims.
    pub claimed: i64,
}

fn place(id: &str) -> String {
    if id.is_empty() {
        String::new()
    } else {
        format!(" within {id}")
    }
}

/// How many claims there are, by scope and aggregate.
type Numbers = BTreeMap<(String, String), i64>;

/// Counts the claims of these scopes again and stores the counts that differed. Returns what was stored before. The caller
/// holds the head lock and moves the head, so that no process remembers the wrong counts.
pub async fn recount(
    tx: &mut Tx<'_>,
    scopes: impl IntoIterator<Item = &'static Scope>,
) -> Result<Vec<Miscount>, LedgerError> {
    let miscounts = miscounts(tx, scopes).await?;
    for miscount in &miscounts {
        let store = sql(
            "INSERT INTO claim_counts (scope, within_id, held) VALUES ($1, $2, $3) \
             ON CONFLICT (scope, within_id) DO UPDATE SET held = EXCLUDED.held",
        );
        let store = store.bind(miscount.scope.as_str()).bind(miscount.within.as_str());
        tx.execute(store.bind(miscount.claimed)).await?;
    }
    // A count of 0 without limits has no row.
    let nothing = "DELETE FROM claim_counts WHERE held = 0 AND at_least IS NULL AND at_most IS NULL";
    tx.execute(sql(nothing)).await?;
    Ok(miscounts)
}

impl Ledger {
    /// Counts the claims of these scopes again, in one state of the ledger, and returns the stored counts that differ.
    pub async fn miscounts(
        &self,
        scopes: impl IntoIterator<Item = &'static Scope>,
    ) -> Result<Vec<Miscount>, LedgerError> {
        miscounts(&mut self.db.snapshot().await?, scopes).await
    }
}

async fn miscounts(
    tx: &mut Tx<'_>,
    scopes: impl IntoIterator<Item = &'static Scope>,
) -> Result<Vec<Miscount>, LedgerError> {
    let mut claimed = Numbers::new();
    for scope in scopes.into_iter().filter(|scope| scope.is_counted()) {
        count(tx, scope, &mut claimed).await?;
    }
    let mut miscounts = Vec::new();
    for row in tx
        .all(sql(
            "SELECT scope, within_id, held FROM claim_counts ORDER BY scope, within_id",
        ))
        .await?
    {
        let key = (row.text(0)?, row.text(1)?);
        let claimed = claimed.remove(&key).unwrap_or(0);
        miscounts.extend(differing(key, row.int(2)?, claimed));
    }
    let without_a_row = claimed.into_iter();
    miscounts.extend(without_a_row.filter_map(|(key, claimed)| differing(key, 0, claimed)));
    Ok(miscounts)
}

fn differing((scope, within): (String, String), stored: i64, claimed: i64) -> Option<Miscount> {
    (stored != claimed).then_some(Miscount {
        scope,
        within,
        stored,
        claimed,
    })
}

/// Counts the claims of a scope. A claim within an aggregate is stored with the aggregate's id and a slash before its value;
/// the other values of counted scopes are ids, which have no slash.
async fn count(tx: &mut Tx<'_>, scope: &Scope, numbers: &mut Numbers) -> Result<(), LedgerError> {
    let mut after = String::new();
    loop {
        let page = sql("SELECT value FROM claims WHERE scope = $1 AND value > $2 ORDER BY value LIMIT $3")
            .bind(scope.name())
            .bind(after.as_str())
            .bind(PAGE);
        let rows = tx.all(page).await?;
        let Some(last) = rows.last() else {
            return Ok(());
        };
        after = last.text(0)?;
        for row in &rows {
            let value = row.text(0)?;
            let within = value.split_once('/').map_or("", |(within, _)| within);
            let key = (scope.name().to_owned(), within.to_owned());
            *numbers.entry(key).or_default() += 1;
        }
    }
}
