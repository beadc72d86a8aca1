//! A seat: a device uses a licence. The seats of a licence are counted as claims within it, so there are never more than it has,
//! and each seat has a stream of its own, so assignments do not wait for each other.

mod assign_seat;
pub mod claims;
mod command;
mod error;
mod event;
mod release_seat;
mod samples;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

pub use command::SeatCommand;
pub use error::SeatError;
pub use event::SeatEvent;

use crate::{
    Registered,
    claim::Scope,
    values::{DeviceId, Invalid, LicenceId, SeatId},
};

/// The state of a seat, folded from its events.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Seat {
    /// The licence and the device that uses it; `None` while the device does not.
    pub taken: Option<(LicenceId, DeviceId)>,
}

impl Registered for Seat {
    const TYPE: &'static str = "seat";
    const SCOPES: &'static [&'static Scope] = claims::SCOPES;
    const STATE_VERSION: i64 = 1;
    type Id = SeatId;
    type Command = SeatCommand;
    type Event = SeatEvent;
    type Error = SeatError;

    fn decide(&self, command: SeatCommand) -> Result<Vec<SeatEvent>, SeatError> {
        match command {
            SeatCommand::Assign { licence, device } => assign_seat::decide(self, licence, device),
            SeatCommand::Release => Ok(release_seat::decide(self)),
        }
    }

    fn apply(&mut self, event: SeatEvent) {
        match event {
            SeatEvent::Assigned { licence, device } => self.taken = Some((licence, device)),
            SeatEvent::Released { .. } => self.taken = None,
        }
    }

    /// The first assignment of a device begins the stream of its seat.
    fn begins_a_stream(command: &SeatCommand) -> bool {
        match command {
            SeatCommand::Assign { .. } => true,
            SeatCommand::Release => false,
        }
    }

    /// A seat is about a device, which is named by its id alone.
    fn person<'a>(&self, _: &'a str) -> Option<Cow<'a, str>> {
        None
    }

    fn samples() -> Result<Vec<SeatEvent>, Invalid> {
        Ok(samples::all())
    }
}
