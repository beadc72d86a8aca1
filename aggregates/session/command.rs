//! The commands to a session.

use crate::values::{Audience, GrantMethod, Timestamp, TokenFingerprint, TokenLabel, UserId};

/// A command to one session, which is one token.
#[derive(Clone, Debug)]
pub enum SessionCommand {
    /// Record that a token is issued. It is good once this is recorded, not before.
    IssueToken(IssueToken),
    /// Void the token.
    RevokeToken,
}

/// What is recorded of a token.
#[derive(Clone, Debug)]
pub struct IssueToken {
    /// To whom.
    pub user_id: UserId,
    /// The only API it is good on.
    pub face: Audience,
    /// Its SHA-256.
    pub fingerprint: TokenFingerprint,
    /// The user's note on it.
    pub label: TokenLabel,
    /// How the user proved who they are.
    pub methods: Vec<GrantMethod>,
    /// Now.
    pub issued_at: Timestamp,
    /// When it ends: after `issued_at`.
    pub expires_at: Timestamp,
}
