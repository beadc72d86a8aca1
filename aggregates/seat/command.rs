//! The commands for a seat.

use crate::values::{DeviceId, LicenceId};

/// A command for the seat of one device on one licence.
#[derive(Clone, Debug)]
pub enum SeatCommand {
    /// Let the device use the licence.
    Assign {
        /// The licence.
        licence: LicenceId,
        /// The device.
        device: DeviceId,
    },
    /// Free the seat, if it is taken.
    Release,
}
