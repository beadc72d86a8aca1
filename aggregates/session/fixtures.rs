//! Sessions for the tests of decisions about them.

use super::{IssueToken, SessionEvent};
use crate::{
    testing::user_id,
    values::{Audience, GrantMethod, Timestamp, TokenFingerprint},
};

/// Issues a token that is valid from second 1 to second 2.
pub(super) fn issue() -> IssueToken {
    IssueToken {
        user_id: user_id(1),
        face: Audience::Connectware,
        fingerprint: TokenFingerprint::from_digest([7; 32]),
        label: "laptop".parse().unwrap(),
        methods: vec![GrantMethod::Password],
        issued_at: Timestamp::from_micros(1_000_000),
        expires_at: Timestamp::from_micros(2_000_000),
    }
}

/// The event that [`issue`] leads to.
pub(super) fn issued() -> SessionEvent {
    SessionEvent::TokenIssued {
        user_id: user_id(1),
        face: Audience::Connectware,
        fingerprint: TokenFingerprint::from_digest([7; 32]),
        label: "laptop".into(),
        methods: vec![GrantMethod::Password],
        issued_at: Timestamp::from_micros(1_000_000),
        expires_at: Timestamp::from_micros(2_000_000),
    }
}
