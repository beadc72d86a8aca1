//! Authors, as the table stores them.

use aggregates::values::{AccountId, UserId};

crate::record! {
    /// A row of `authors`.
    pub(crate) struct AuthorRecord in "authors" {
        /// The user. For an API key, the id of the key, which no user has.
        pub(crate) actor: UserId,
        pub(crate) account: AccountId,
    }
    key(actor: UserId)
    finds { WITH_ID = actor: UserId; }
}

/// The actor that an event names; `None` for the system.
pub(crate) fn author(actor: &str) -> Option<UserId> {
    UserId::parse(actor).ok()
}
