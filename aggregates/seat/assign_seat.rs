//! Assign a seat to a device.

use super::{Seat, SeatError, SeatEvent};
use crate::values::{DeviceId, LicenceId};

pub(super) fn decide(seat: &Seat, licence: LicenceId, device: DeviceId) -> Result<Vec<SeatEvent>, SeatError> {
    match seat.taken {
        None => Ok(vec![SeatEvent::Assigned { licence, device }]),
        Some(taken) if taken == (licence, device) => Ok(Vec::new()),
        Some(_) => Err(SeatError::OfAnother),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        seat::tests::{assign, assigned, released},
        testing::given,
    };

    #[test]
    fn a_device_takes_one_seat_however_often_it_is_assigned() {
        given::<Seat>(&[])
            .when(assign(2))
            .then_expect_events(vec![assigned()]);
        given::<Seat>(&[assigned()])
            .when(assign(2))
            .then_expect_events(vec![]);
        given::<Seat>(&[assigned(), released()])
            .when(assign(2))
            .then_expect_events(vec![assigned()]);
    }

    #[test]
    fn a_seat_has_one_device() {
        given::<Seat>(&[assigned()])
            .when(assign(3))
            .then_expect_error(SeatError::OfAnother);
    }
}
