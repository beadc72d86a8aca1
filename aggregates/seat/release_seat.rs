//! Release a seat. What is free stays free: the deletion of a device releases its seats, whoever has released them meanwhile.

use super::{Seat, SeatEvent};

pub(super) fn decide(seat: &Seat) -> Vec<SeatEvent> {
    let released = seat
        .taken
        .map(|(licence, device)| SeatEvent::Released { licence, device });
    released.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        seat::{
            SeatCommand,
            tests::{assigned, released},
        },
        testing::given,
    };

    #[test]
    fn a_seat_is_released_once() {
        given::<Seat>(&[assigned()])
            .when(SeatCommand::Release)
            .then_expect_events(vec![released()]);
        for events in [vec![], vec![assigned(), released()]] {
            given::<Seat>(&events)
                .when(SeatCommand::Release)
                .then_expect_events(vec![]);
        }
    }
}
