//! The commands for a session.

use crate::values::{Audience, GrantMethod, Timestamp, TokenFingerprint, TokenLabel, UserId};

/// A command for one session, which is one token.
#[derive(Clone, Debug)]
pub enum SessionCommand {
    /// Record that a token is issued. The token is valid only once this is recorded.
    IssueToken(IssueToken),
    /// Revoke the token.
    RevokeToken,
    /// The same, if the token is not revoked already: the sign-in that it belongs to ends.
    EndToken,
}

/// What the ledger records about a token.
#[derive(Clone, Debug)]
pub struct IssueToken {
    /// The user to whom the token is issued.
    pub user_id: UserId,
    /// The only API on which the token is valid.
    pub face: Audience,
    /// The SHA-256 of the token.
    pub fingerprint: TokenFingerprint,
    /// The user's note on the token.
    pub label: TokenLabel,
    /// How the user proved who they are.
    pub methods: Vec<GrantMethod>,
    /// The current time.
    pub issued_at: Timestamp,
    /// When the token expires: after `issued_at`.
    pub expires_at: Timestamp,
}
