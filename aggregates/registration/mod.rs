//! A registration: a device asks to be let in. Its confirmation makes a user with the same UUID.

pub mod claims;
mod command;
mod confirm;
mod error;
mod event;
mod expire;
#[cfg(test)]
mod fixtures;
mod reject;
mod request;
mod samples;
#[cfg(test)]
mod tests;
mod values;

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

pub use command::{RegistrationCommand, Request};
pub use error::RegistrationError;
pub use event::RegistrationEvent;
pub use values::{CredentialType, DeviceCredential, WishedPermission, Wishes};

use crate::{
    Registered,
    claim::Scope,
    values::{Invalid, PasswordHash, RegistrationId, Timestamp},
};

/// The state of a registration, folded from its events.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Registration {
    /// How far the registration has come.
    stage: Stage,
    /// The username for which the device asks; empty once the registration has ended.
    pub username: String,
    /// The hash of the device's password. Once the registration is confirmed, the user keeps it.
    pub password_hash: Option<PasswordHash>,
    /// The signing request of the device, as DER in base64.
    pub csr: Option<String>,
    /// When the registration expires, unless it is confirmed before.
    pub expires_at: Timestamp,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
enum Stage {
    #[default]
    Absent,
    Pending,
    Granted,
    /// Rejected or expired.
    Ended,
}

impl Registration {
    /// Whether somebody may still confirm or reject the registration at this time.
    pub fn is_pending(&self, now: Timestamp) -> bool {
        self.stage == Stage::Pending && now < self.expires_at
    }

    /// Whether the registration was confirmed.
    pub fn is_granted(&self) -> bool {
        self.stage == Stage::Granted
    }

    /// `NotPending` unless the registration is pending at this time.
    fn must_be_pending(&self, now: Timestamp) -> Result<(), RegistrationError> {
        match self.is_pending(now) {
            true => Ok(()),
            false => Err(RegistrationError::NotPending),
        }
    }
}

impl Registered for Registration {
    const TYPE: &'static str = "registration";
    const SCOPES: &'static [&'static Scope] = claims::SCOPES;
    const STATE_VERSION: i64 = 1;
    type Id = RegistrationId;
    type Command = RegistrationCommand;
    type Event = RegistrationEvent;
    type Error = RegistrationError;

    fn decide(&self, command: RegistrationCommand) -> Result<Vec<RegistrationEvent>, RegistrationError> {
        match command {
            RegistrationCommand::Request(request) => request::decide(self, request),
            RegistrationCommand::Confirm { now } => confirm::decide(self, now),
            RegistrationCommand::Reject { now } => reject::decide(self, now),
            RegistrationCommand::Expire { now } => Ok(expire::decide(self, now)),
        }
    }

    fn apply(&mut self, event: RegistrationEvent) {
        match event {
            RegistrationEvent::Requested {
                username,
                credential: _,
                password_hash,
                csr,
                wishes: _,
                expires_at,
            } => {
                *self = Self {
                    stage: Stage::Pending,
                    username,
                    password_hash,
                    csr,
                    expires_at,
                }
            }
            RegistrationEvent::Confirmed {} => {
                self.stage = Stage::Granted;
                self.password_hash = None;
            }
            RegistrationEvent::Rejected {} | RegistrationEvent::Expired {} => {
                *self = Self {
                    stage: Stage::Ended,
                    ..Self::default()
                }
            }
        }
    }

    fn begins_a_stream(command: &RegistrationCommand) -> bool {
        match command {
            RegistrationCommand::Request(_) => true,
            RegistrationCommand::Confirm { .. }
            | RegistrationCommand::Reject { .. }
            | RegistrationCommand::Expire { .. } => false,
        }
    }

    /// The person is the user that the confirmation makes. So erasing the user erases the registration, too.
    fn person<'a>(&self, aggregate_id: &'a str) -> Option<Cow<'a, str>> {
        Some(Cow::Borrowed(aggregate_id))
    }

    fn samples() -> Result<Vec<RegistrationEvent>, Invalid> {
        Ok(samples::all())
    }
}
