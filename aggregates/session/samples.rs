//! One event of each kind, with every optional field filled. The golden files are made from these events.

use uuid::Uuid;

use super::SessionEvent;
use crate::values::{Audience, GrantMethod, Timestamp, TokenFingerprint, UserId};

pub(super) fn all() -> Vec<SessionEvent> {
    vec![
        SessionEvent::TokenIssued {
            user_id: UserId(Uuid::from_u128(1)),
            face: Audience::Connectware,
            fingerprint: TokenFingerprint::from_digest([7; 32]),
            label: "laptop".into(),
            methods: vec![GrantMethod::Password, GrantMethod::Token],
            issued_at: Timestamp::from_micros(1_767_225_600_000_000),
            expires_at: Timestamp::from_micros(1_767_229_200_000_000),
        },
        SessionEvent::TokenRevoked {},
    ]
}
