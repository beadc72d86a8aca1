//! Service accounts as clients see them. A secret is never part of a row.

use aggregates::{service_account::ServiceAccountId, values::Timestamp};

/// A service account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceAccountRow {
    /// The id, which is also that of the user as whom the account acts.
    pub id: ServiceAccountId,
    /// The realm in whose name it gets tokens.
    pub realm: String,
    /// When it was opened.
    pub opened_at: Timestamp,
}
