//! What can happen to the registry.

use crate::{declared::events, values::Timestamp};

events! {
    /// A fact about the registry of clients. Stored names and fields never change: for a change, add a version and an upcaster.
    pub enum ClientRegistryEvent {
        /// The window is open.
        "client_registry.opened" version 1 => Opened {
            /// The end of the window. From then on it is closed, without another event.
            until: Timestamp as open,
            /// How many registrations may be pending from now on.
            most_pending: i64 as open,
        },
        /// The window was closed before its end.
        "client_registry.closed" version 1 => Closed {},
    }
}
