//! What can happen to a service account.

use super::ClientSecretId;
use crate::{
    declared::events,
    values::{KeyDigest, Timestamp, Title, UserId},
};

events! {
    /// A fact about a service account. Stored names and fields never change: for a change, add a version and an upcaster.
    pub enum ServiceAccountEvent {
        /// The account was opened. Its user and its first secret follow as separate events.
        "service_account.opened" version 1 => Opened {
            /// The user as whom it acts: one with the same UUID.
            user_id: UserId as open,
            /// The realm in whose name it gets tokens.
            realm: Title as open,
        },
        /// The account has another secret. The secret itself is never stored.
        "service_account.secret_issued" version 1 => SecretIssued {
            /// The id by which people withdraw it.
            id: ClientSecretId as open,
            /// Its first characters, by which people tell secrets apart.
            prefix: String as open,
            /// Its keyed digest.
            digest: KeyDigest as open,
            /// When it was issued.
            issued_at: Timestamp as open,
        },
        /// A secret is void.
        "service_account.secret_withdrawn" version 1 => SecretWithdrawn {
            /// The secret.
            id: ClientSecretId as open,
        },
        /// The account was closed.
        "service_account.closed" version 1 => Closed {},
    }
}
