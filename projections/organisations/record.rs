//! Organisations, as the table stores them.

use aggregates::values::{OrganisationId, Timestamp};

use super::OrganisationRow;

crate::record! {
    /// A row of `organisations`.
    pub(crate) struct OrganisationRecord in "organisations" {
        pub(crate) number: OrganisationId,
        pub(crate) ordinal: i64,
        pub(crate) name: String,
        pub(crate) name_key: String,
        pub(crate) created_at: Timestamp,
        pub(crate) updated_at: Timestamp,
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
            updated_at: self.updated_at,
        }
    }
}
