//! Organisations, as the table stores them.

use aggregates::values::{OrganisationId, Timestamp, UserId};

use super::OrganisationRow;

crate::record! {
    /// A row of `organisations`.
    pub(crate) struct OrganisationRecord in "organisations" {
        pub(crate) number: OrganisationId,
        pub(crate) ordinal: i64,
        pub(crate) name: String,
        pub(crate) name_key: String,
        pub(crate) created_at: Timestamp,
        /// The actor of the event; null for the system.
        pub(crate) created_by: Option<UserId>,
        pub(crate) updated_at: Timestamp,
        /// The actor of the event; null for the system.
        pub(crate) updated_by: Option<UserId>,
    }
    key(number: OrganisationId)
    lists by ordinal { ALL = "organisations"; }
    orders { BY_NAME = name_key; }
    finds { WITH_NUMBER = number: OrganisationId; }
}

impl OrganisationRecord {
    /// The organisation as clients see it.
    pub(crate) fn into_row(self) -> OrganisationRow {
        OrganisationRow {
            id: self.number,
            name: self.name,
            created_at: self.created_at,
            created_by: self.created_by,
            updated_at: self.updated_at,
            updated_by: self.updated_by,
        }
    }
}
