//! The commands for the registry.

use crate::values::Timestamp;

/// A command for the registry of clients.
#[derive(Clone, Debug)]
pub enum ClientRegistryCommand {
    /// Open the window. If it is open, it gets this end.
    Open {
        /// The current time.
        now: Timestamp,
        /// The end of the window: after `now`.
        until: Timestamp,
        /// How many registrations may be pending.
        most_pending: i64,
    },
    /// Close the window.
    Close,
}
