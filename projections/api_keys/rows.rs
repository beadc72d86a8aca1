//! API keys as clients see them. The key itself is never stored.

use aggregates::values::{AccountId, ApiKeyId, KeyDigest, Timestamp, UserId};

/// An API key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKeyRow {
    /// The id.
    pub id: ApiKeyId,
    /// The name.
    pub name: String,
    /// The first characters of the key.
    pub prefix: String,
    /// The keyed digest of the key.
    pub digest: KeyDigest,
    /// When it expires; `None` is never.
    pub expires_at: Option<Timestamp>,
    /// The system user whose number the face shows as the author of what the key does.
    pub system_user: AccountId,
    /// Whether it has the group of global administrators.
    pub is_global: bool,
    /// When it was issued.
    pub created_at: Timestamp,
    /// Who caused that: a user, or the id of an API key; `None` for the system.
    pub created_by: Option<UserId>,
    /// When it changed last.
    pub updated_at: Timestamp,
    /// Who caused that.
    pub updated_by: Option<UserId>,
}

/// By what API keys are sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ApiKeySort {
    /// The number, which is the order of creation.
    Id,
    /// The name, without case.
    Name,
    /// When it expires. Keys that never expire come last.
    ExpiresAt,
    /// When it changed last.
    UpdatedAt,
}
