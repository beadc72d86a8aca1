//! The commands for a service account.

use super::ClientSecretId;
use crate::values::{KeyDigest, Timestamp, Title, UserId};

/// A command for one service account.
#[derive(Clone, Debug)]
pub enum ServiceAccountCommand {
    /// Open the account, with its first secret. The same unit makes its user.
    Open {
        /// The user as whom it acts: one with the same UUID.
        user: UserId,
        /// The realm in whose name it gets tokens.
        realm: Title,
        /// The secret.
        secret: NewSecret,
    },
    /// Give the account another secret. The one before it stays valid. A third one is refused.
    IssueSecret(NewSecret),
    /// Make a secret void.
    WithdrawSecret {
        /// The secret.
        id: ClientSecretId,
    },
    /// Close the account.
    Close,
}

/// A new secret.
#[derive(Clone, Debug)]
pub struct NewSecret {
    /// The id by which people withdraw it.
    pub id: ClientSecretId,
    /// Its first characters.
    pub prefix: String,
    /// Its keyed digest.
    pub digest: KeyDigest,
    /// The current time.
    pub now: Timestamp,
}
