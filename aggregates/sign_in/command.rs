//! The commands for a sign-in.

use super::SignInEnd;
use crate::values::{Audience, Timestamp, UserId};

/// A command for one sign-in.
#[derive(Clone, Debug)]
pub enum SignInCommand {
    /// Begin it.
    Begin(BeginSignIn),
    /// Issue an access token. The same unit records its session.
    IssueAccess {
        /// The current time.
        now: Timestamp,
        /// When the access token expires.
        expires_at: Timestamp,
    },
    /// Replace the refresh token.
    Rotate {
        /// The current time.
        now: Timestamp,
        /// When the new refresh token expires.
        expires_at: Timestamp,
    },
    /// The user has proved the password again, and changed it.
    ProveAgain {
        /// The position that the ledger had reached.
        position: i64,
    },
    /// End it. The same unit ends the sessions of its access tokens.
    End {
        /// The reason.
        reason: SignInEnd,
    },
}

/// What begins a sign-in.
#[derive(Clone, Debug)]
pub struct BeginSignIn {
    /// The user.
    pub user_id: UserId,
    /// The only API on which its tokens are valid.
    pub face: Audience,
    /// A position that the ledger had reached when the user proved the password.
    pub proved_at: i64,
    /// For how many hours each refresh token is valid.
    pub hours: u32,
    /// The current time.
    pub now: Timestamp,
    /// When the first access token expires. The same unit records its session.
    pub access_expires_at: Timestamp,
    /// When the first refresh token expires.
    pub expires_at: Timestamp,
}
