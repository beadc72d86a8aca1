//! One event of each kind, with every optional field filled. The golden files are made from these events.

use uuid::Uuid;

use super::AccountEvent;
use crate::values::{GroupId, Ordinal, OrganisationId, Timestamp, UserId};

pub(super) fn all() -> Vec<AccountEvent> {
    let user = UserId(Uuid::from_u128(1));
    let group = GroupId::of(Ordinal::LAST);
    let (first, last) = (
        OrganisationId::of(Ordinal::FIRST),
        OrganisationId::of(Ordinal::LAST),
    );
    let expires_at = Some(Timestamp::from_micros(1_798_761_600_000_000));
    vec![
        AccountEvent::Opened {
            user,
            name: "Ada Example".into(),
            email: Some("ada@example.org".into()),
            is_active: true,
            expires_at,
        },
        AccountEvent::Renamed {
            user,
            name: "Ada".into(),
        },
        AccountEvent::EmailChanged {
            user,
            email: Some("ada@example.com".into()),
        },
        AccountEvent::Deactivated {},
        AccountEvent::Activated {},
        AccountEvent::ExpiryChanged { expires_at },
        AccountEvent::GroupJoined {
            group,
            organisation: Some(last),
        },
        AccountEvent::GroupLeft { group },
        AccountEvent::Placed {
            organisations: vec![first, last],
            is_global: true,
        },
        AccountEvent::OrganisationRequested { organisation: first },
        AccountEvent::RequestEnded { organisation: first },
        AccountEvent::WelcomeHidden {},
        AccountEvent::Closed {},
    ]
}
