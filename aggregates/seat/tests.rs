//! A seat for the tests of its decisions, and what its commands say of themselves.

use uuid::Uuid;

use super::*;
use crate::testing::commands_begin_streams_as_they_say;

pub(super) fn licence() -> LicenceId {
    LicenceId(Uuid::from_u128(1))
}

pub(super) fn device(number: u128) -> DeviceId {
    DeviceId(Uuid::from_u128(number))
}

pub(super) fn assign(device_number: u128) -> SeatCommand {
    SeatCommand::Assign {
        licence: licence(),
        device: device(device_number),
    }
}

/// Device 2 has the seat.
pub(super) fn assigned() -> SeatEvent {
    SeatEvent::Assigned {
        licence: licence(),
        device: device(2),
    }
}

pub(super) fn released() -> SeatEvent {
    SeatEvent::Released {
        licence: licence(),
        device: device(2),
    }
}

#[test]
fn only_an_assignment_begins_a_stream() {
    commands_begin_streams_as_they_say::<Seat>(|command| match command {
        None => Some(assign(2)),
        Some(SeatCommand::Assign { .. }) => Some(SeatCommand::Release),
        Some(SeatCommand::Release) => None,
    });
}
