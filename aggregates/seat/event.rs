//! What can happen to a seat.

use crate::{
    declared::events,
    values::{DeviceId, LicenceId},
};

events! {
    /// A fact about a seat. Stored names and fields never change: for a change, add a version and an upcaster.
    pub enum SeatEvent {
        /// The device uses the licence from now on.
        "seat.assigned" version 1 => Assigned {
            /// The licence.
            licence: LicenceId as open,
            /// The device.
            device: DeviceId as open,
        },
        /// The device no longer uses the licence: another one may.
        "seat.released" version 1 => Released {
            /// The licence.
            licence: LicenceId as open,
            /// The device.
            device: DeviceId as open,
        },
    }
}
