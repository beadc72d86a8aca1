//! The commands for an API key.

use crate::values::{AccountId, KeyDigest, Membership, Timestamp, Title};

/// A command for one API key.
#[derive(Clone, Debug)]
pub enum ApiKeyCommand {
    /// Issue the key.
    Issue(IssueApiKey),
    /// Change the fields that are given; leave the rest.
    Change(ChangeApiKey),
    /// Revoke the key.
    Revoke,
}

/// The fields of a new key.
#[derive(Clone, Debug)]
pub struct IssueApiKey {
    /// The name.
    pub name: Title,
    /// The first characters of the key.
    pub prefix: String,
    /// The keyed digest of the key.
    pub digest: KeyDigest,
    /// The groups whose rights the key has: at least one.
    pub groups: Vec<Membership>,
    /// The current time.
    pub now: Timestamp,
    /// When the key expires, after `now`; `None` is never.
    pub expires_at: Option<Timestamp>,
    /// The system user whose number the face shows.
    pub system_user: AccountId,
}

/// What to change of a key; `None` leaves a field as it is.
#[derive(Clone, Debug)]
pub struct ChangeApiKey {
    /// The new name.
    pub name: Option<Title>,
    /// The exact groups from now on: at least one.
    pub groups: Option<Vec<Membership>>,
    /// The current time.
    pub now: Timestamp,
    /// When the key expires from now on. A new time is after `now`; `Some(None)` is never.
    pub expires_at: Option<Option<Timestamp>>,
}
