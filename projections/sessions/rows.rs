//! Issued tokens as clients see them. The token itself is never part of a row.

use aggregates::values::{Audience, GrantMethod, SessionId, Timestamp, TokenFingerprint, UserId};

/// A token that was issued and not revoked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionRow {
    /// The id of the session.
    pub id: SessionId,
    /// The user to whom the token was issued.
    pub user_id: UserId,
    /// The SHA-256 of the token.
    pub fingerprint: TokenFingerprint,
    /// The user's note on the token.
    pub label: String,
    /// The API on which the token is valid.
    pub face: Audience,
    /// How the user proved their identity.
    pub methods: Vec<GrantMethod>,
    /// When the token was issued.
    pub issued_at: Timestamp,
    /// When the token expires.
    pub expires_at: Timestamp,
}
