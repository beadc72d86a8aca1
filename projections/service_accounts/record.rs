//! Service accounts, as the table stores them.

use aggregates::{service_account::ServiceAccountId, values::Timestamp};

use super::ServiceAccountRow;
use crate::store::id_columns;

id_columns! { ServiceAccountId }

crate::record! {
    /// A row of `service_accounts`.
    pub(crate) struct ServiceAccountRecord in "service_accounts" {
        pub(crate) account_id: ServiceAccountId,
        pub(crate) ordinal: i64,
        pub(crate) realm: String,
        pub(crate) opened_at: Timestamp,
    }
    key(account_id: ServiceAccountId)
    lists by ordinal { ALL = "service_accounts"; }
    finds { WITH_ID = account_id: ServiceAccountId; }
}

impl ServiceAccountRecord {
    /// The account as clients see it.
    pub(crate) fn into_row(self) -> ServiceAccountRow {
        ServiceAccountRow {
            id: self.account_id,
            realm: self.realm,
            opened_at: self.opened_at,
        }
    }
}
