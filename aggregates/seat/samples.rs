//! One event of each kind, with every optional field filled. The golden files are made from these events.

use uuid::Uuid;

use super::SeatEvent;
use crate::values::{DeviceId, LicenceId};

pub(super) fn all() -> Vec<SeatEvent> {
    let (licence, device) = (LicenceId(Uuid::from_u128(12)), DeviceId(Uuid::from_u128(13)));
    vec![
        SeatEvent::Assigned { licence, device },
        SeatEvent::Released { licence, device },
    ]
}
