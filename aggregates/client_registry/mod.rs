//! The registry of clients: the window in which devices may ask to be let in. There is only one.

pub mod claims;
mod close;
mod command;
mod error;
mod event;
#[cfg(test)]
mod fixtures;
mod open;
mod samples;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use command::ClientRegistryCommand;
pub use error::ClientRegistryError;
pub use event::ClientRegistryEvent;

use crate::{
    Registered,
    claim::Scope,
    values::{Invalid, Timestamp, id},
};

id!(
    /// The registry of clients.
    ClientRegistryId, "client registry id");

impl ClientRegistryId {
    /// The id of the only registry, the same on every installation.
    pub const THE_ONE: Self = Self(Uuid::from_u128(0x6d756e69_6d65_4e74_8000_000000000003));
}

/// The state of the registry, folded from its events.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct ClientRegistry {
    /// When the window ends; `None` if it was closed or never opened.
    pub open_until: Option<Timestamp>,
    /// How many registrations may be pending, since the window was opened last; `None` before that.
    pub most_pending: Option<i64>,
}

impl ClientRegistry {
    /// Whether a device may ask at this time.
    pub fn is_open(&self, now: Timestamp) -> bool {
        self.open_until.is_some_and(|until| now < until)
    }
}

impl Registered for ClientRegistry {
    const TYPE: &'static str = "client_registry";
    const SCOPES: &'static [&'static Scope] = claims::SCOPES;
    const STATE_VERSION: i64 = 1;
    const ONLY_ONE: bool = true;
    type Id = ClientRegistryId;
    type Command = ClientRegistryCommand;
    type Event = ClientRegistryEvent;
    type Error = ClientRegistryError;

    fn decide(
        &self,
        command: ClientRegistryCommand,
    ) -> Result<Vec<ClientRegistryEvent>, ClientRegistryError> {
        match command {
            ClientRegistryCommand::Open {
                now,
                until,
                most_pending,
            } => open::decide(now, until, most_pending),
            ClientRegistryCommand::Close => Ok(close::decide(self)),
        }
    }

    fn apply(&mut self, event: ClientRegistryEvent) {
        match event {
            ClientRegistryEvent::Opened { until, most_pending } => {
                self.open_until = Some(until);
                self.most_pending = Some(most_pending);
            }
            ClientRegistryEvent::Closed {} => self.open_until = None,
        }
    }

    fn begins_a_stream(command: &ClientRegistryCommand) -> bool {
        match command {
            ClientRegistryCommand::Open { .. } | ClientRegistryCommand::Close => false,
        }
    }

    /// The registry holds no personal data.
    fn person<'a>(&self, _: &'a str) -> Option<Cow<'a, str>> {
        None
    }

    fn samples() -> Result<Vec<ClientRegistryEvent>, Invalid> {
        Ok(samples::all())
    }
}
