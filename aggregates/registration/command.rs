//! The commands for a registration.

use super::{DeviceCredential, Wishes};
use crate::values::{Timestamp, Username};

/// A command for one registration.
#[derive(Clone, Debug)]
pub enum RegistrationCommand {
    /// A device asks to be let in.
    Request(Request),
    /// Let the device in. The same unit makes its user.
    Confirm {
        /// The current time.
        now: Timestamp,
    },
    /// Do not let the device in.
    Reject {
        /// The current time.
        now: Timestamp,
    },
    /// End the registration, if it has expired.
    Expire {
        /// The current time.
        now: Timestamp,
    },
}

/// What a device asks for, and how it proves later that it has asked.
#[derive(Clone, Debug)]
pub struct Request {
    /// The username that the device wants.
    pub username: Username,
    /// The credential.
    pub credential: DeviceCredential,
    /// What the device wants to do.
    pub wishes: Wishes,
    /// The current time.
    pub now: Timestamp,
    /// When the registration expires: after `now`.
    pub expires_at: Timestamp,
}
