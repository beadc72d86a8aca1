//! Registrations, as the table stores them.

use aggregates::{
    registration::{CredentialType, Wishes},
    values::{RegistrationId, Timestamp},
};

use super::RegistrationRow;
use crate::store::{columns, id_columns, unreadable};

id_columns! { RegistrationId }

columns! {
    CredentialType: Text, |value| value.as_str(),
        |row, n| CredentialType::parse(row.str(n)?).map_err(unreadable);
}

crate::record! {
    /// A row of `registrations`.
    pub(crate) struct RegistrationRecord in "registrations" {
        pub(crate) registration_id: RegistrationId,
        pub(crate) ordinal: i64,
        pub(crate) username: String,
        pub(crate) credential: CredentialType,
        /// JSON, as in the event.
        pub(crate) wishes: String,
        pub(crate) requested_at: Timestamp,
        pub(crate) expires_at: Timestamp,
        pub(crate) granted: bool,
    }
    key(registration_id: RegistrationId)
    finds { NAMED = username: String; }
    personal { username, wishes } where registration_id = |user| user.registration();
}

impl RegistrationRecord {
    /// The registration as clients see it.
    pub(crate) fn into_row(self) -> RegistrationRow {
        RegistrationRow {
            id: self.registration_id,
            username: self.username,
            credential: self.credential,
            wishes: Wishes::from_text(&self.wishes),
            requested_at: self.requested_at,
            expires_at: self.expires_at,
            granted: self.granted,
        }
    }
}
