//! What can have happened to a session.

use crate::{
    declared::events,
    values::{Audience, GrantMethod, Timestamp, TokenFingerprint, UserId},
};

events! {
    /// A fact about a session, which is one issued token. Stored names and fields are for ever: to change one, add
    /// a version and an upcaster.
    pub enum SessionEvent {
        /// A token was issued.
        "session.token_issued" version 1 => TokenIssued {
            /// To whom.
            user_id: UserId,
            /// The only API it is good on.
            face: Audience,
            /// Its SHA-256; the token itself is never stored.
            fingerprint: TokenFingerprint,
            /// The user's note on it. A plain text: an erased note does not obey the rules of a label.
            label: String as personal,
            /// How the user proved who they are.
            methods: Vec<GrantMethod>,
            /// When it was issued.
            issued_at: Timestamp,
            /// When it ends.
            expires_at: Timestamp,
        },
        /// The token is void before its time.
        "session.token_revoked" version 1 => TokenRevoked {},
    }
}
