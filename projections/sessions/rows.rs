//! Issued tokens as they are listed. Never the token itself.

use aggregates::values::{Audience, GrantMethod, SessionId, Timestamp, UserId};

/// A token that was issued and not revoked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionRow {
    /// The session's id.
    pub id: SessionId,
    /// Whose it is.
    pub user_id: UserId,
    /// The SHA-256 of the token, in lower-case hexadecimal.
    pub fingerprint: String,
    /// The user's note on it.
    pub label: String,
    /// The API it is good on.
    pub face: Audience,
    /// How the user proved who they are.
    pub methods: Vec<GrantMethod>,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
}
