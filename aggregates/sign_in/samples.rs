//! One event of each kind, with every optional field filled. The golden files are made from these events.

use uuid::Uuid;

use super::{SignInEnd, SignInEvent};
use crate::values::{Audience, Timestamp, UserId};

pub(super) fn all() -> Vec<SignInEvent> {
    let hours = |hours| Timestamp::from_micros(1_767_225_600_000_000).plus_hours(hours);
    vec![
        SignInEvent::Begun {
            user_id: UserId(Uuid::from_u128(1)),
            face: Audience::Nx,
            proved_at: 7,
            hours: 8,
            expires_at: hours(8),
        },
        SignInEvent::AccessIssued {
            number: 1,
            issued_at: hours(0),
            expires_at: hours(1),
        },
        SignInEvent::Rotated {
            generation: 1,
            expires_at: hours(15),
        },
        SignInEvent::ProvedAgain { proved_at: 9 },
        SignInEvent::Ended {
            reason: SignInEnd::Reused,
        },
    ]
}
