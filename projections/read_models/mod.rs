//! All read models in SQL, written in the transaction that appends the events.

use aggregates::Recorded;

use crate::sql::{Error, Tx};

/// Takes these events, the next of the ledger in its order, into the read models.
pub async fn apply(tx: &mut Tx, events: &[Recorded]) -> Result<(), Error> {
    todo!()
}
