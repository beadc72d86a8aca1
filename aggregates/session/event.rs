//! What can have happened to a session.

use cqrs_es::DomainEvent;
use serde::{Deserialize, Serialize};

use crate::values::{Face, GrantMethod, Timestamp, TokenFingerprint, UserId};

/// A fact about a session, which is one issued token. Stored names and fields are for ever: to change one, add
/// a version and an upcaster.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", content = "data")]
pub enum SessionEvent {
    /// A token was issued.
    #[serde(rename = "session.token_issued")]
    TokenIssued {
        /// To whom.
        user_id: UserId,
        /// The only API it is good on.
        face: Face,
        /// Its SHA-256; the token itself is never stored.
        fingerprint: TokenFingerprint,
        /// Personal: the user's note on it. A plain text, since an erased one is none.
        label: String,
        /// How the user proved who they are.
        methods: Vec<GrantMethod>,
        /// When it was issued.
        issued_at: Timestamp,
        /// When it ends.
        expires_at: Timestamp,
    },
    /// The token is void before its time.
    #[serde(rename = "session.token_revoked")]
    TokenRevoked {},
}

impl SessionEvent {
    /// The name under which an event of this kind is stored.
    pub const fn stored_type(&self) -> &'static str {
        match self {
            Self::TokenIssued { .. } => "session.token_issued",
            Self::TokenRevoked {} => "session.token_revoked",
        }
    }
}

impl DomainEvent for SessionEvent {
    fn event_type(&self) -> String {
        self.stored_type().to_owned()
    }

    fn event_version(&self) -> String {
        "1".to_owned()
    }
}
