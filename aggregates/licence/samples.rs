//! One event of each kind, with every optional field filled. The golden files are made from these events.

use uuid::Uuid;

use super::LicenceEvent;
use crate::values::{AgreementId, Invalid, Ordinal, OrganisationId, Timestamp, UserId};

pub(super) fn all() -> Result<Vec<LicenceEvent>, Invalid> {
    let at = |days: i64| Timestamp::from_micros(1_767_225_600_000_000 + days * 86_400_000_000);
    Ok(vec![
        LicenceEvent::Issued {
            agreement: AgreementId(Uuid::from_u128(12)),
            organisation: OrganisationId::of(Ordinal::FIRST),
            licence_key: "7N42C-Q0X9K-M3ZJ8-D5WTY-1VRBH".parse()?,
            starts_at: at(0),
            expires_at: Some(at(365)),
            paid_until_at: Some(at(31)),
            amount_per_month: 1_250,
            discount_bp: 500,
            catalogue: vec![Uuid::from_u128(14)],
            seats: 100,
        },
        LicenceEvent::Signed {
            user: UserId(Uuid::from_u128(15)),
        },
        LicenceEvent::Suspended {},
        LicenceEvent::Resumed {},
    ])
}
