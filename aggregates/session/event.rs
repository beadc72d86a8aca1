//! What can happen to a session.

use crate::{
    declared::events,
    values::{Audience, GrantMethod, Timestamp, TokenFingerprint, UserId},
};

events! {
    /// A fact about a session, which is one issued token. Stored names and fields never change: for a change, add a
    /// version and an upcaster.
    pub enum SessionEvent {
        /// A token was issued.
        "session.token_issued" version 1 => TokenIssued {
            /// The user to whom the token was issued.
            user_id: UserId as open,
            /// The only API on which the token is valid.
            face: Audience as open,
            /// The SHA-256 of the token; the token itself is never stored.
            fingerprint: TokenFingerprint as open,
            /// The user's note on the token. It is a plain `String`, since an erased note does not obey the rules of a
            /// label.
            label: String as personal,
            /// How the user proved who they are.
            methods: Vec<GrantMethod> as open,
            /// When it was issued.
            issued_at: Timestamp as open,
            /// When the token expires.
            expires_at: Timestamp as open,
        },
        /// The token was revoked before it expired.
        "session.token_revoked" version 1 => TokenRevoked {},
    }
}
