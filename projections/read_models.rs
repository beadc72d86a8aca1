//! What is done with all read models.

use aggregates::{Recorded, values::UserId};

pub use crate::READ_MODELS;
use crate::store::sql::{Error, Tx};

/// Applies these events, which are the next of the ledger in its order, to the read models.
pub async fn apply(tx: &mut Tx<'_>, events: &[Recorded]) -> Result<(), Error> {
    READ_MODELS.apply(tx, events).await
}

/// Blanks the personal data of a person whose key is erased. A rebuild after the erasure gives the same rows.
pub async fn erase(tx: &mut Tx<'_>, subject: &str) -> Result<(), Error> {
    // Read models hold personal data about users and about applications, whose records name their rows by such an id.
    match UserId::parse(subject) {
        Ok(user) => READ_MODELS.erase(tx, user).await,
        Err(_) => Ok(()),
    }
}
