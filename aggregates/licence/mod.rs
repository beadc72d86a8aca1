//! A licence: an organisation may let a number of devices use what an agreement provides (contracts/nx.md section 4).

pub mod claims;
mod command;
mod error;
mod event;
mod issue_licence;
mod licence_key;
mod resume_licence;
mod samples;
mod sign_licence;
mod suspend_licence;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

pub use command::{IssueLicence, LicenceCommand};
pub use error::LicenceError;
pub use event::LicenceEvent;
pub use licence_key::LicenceKey;

use crate::{
    Registered,
    claim::Scope,
    values::{AgreementId, Invalid, LicenceId, OrganisationId, Timestamp, UserId},
};

/// The most seats of a licence.
pub const MOST_SEATS: u32 = 1_000_000;
/// How many entries of a catalogue a licence has at most.
pub const MOST_ENTRIES: usize = 1_000;
/// All of a price, in basis points.
pub const WHOLE_BP: u32 = 10_000;

/// The state of a licence, folded from its events. Its devices are seats, which are aggregates of their own.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Licence {
    /// How far the licence has come.
    stage: Stage,
    /// The agreement.
    pub agreement: Option<AgreementId>,
    /// The organisation that owns the licence.
    pub organisation: Option<OrganisationId>,
    /// The key; empty before the licence is issued.
    pub licence_key: String,
    /// When the licence expires; `None` is never.
    pub expires_at: Option<Timestamp>,
    /// How many devices may use the licence.
    pub seats: u32,
    /// The user who has signed the licence.
    pub signed_by: Option<UserId>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
enum Stage {
    #[default]
    Absent,
    InForce,
    Suspended,
}

impl Licence {
    /// Whether the licence was issued.
    pub fn exists(&self) -> bool {
        self.stage != Stage::Absent
    }

    /// Whether the licence was issued and is not suspended. It may have expired: the state knows no clock.
    pub fn is_in_force(&self) -> bool {
        self.stage == Stage::InForce
    }

    /// `NotFound` unless the licence was issued.
    fn must_exist(&self) -> Result<(), LicenceError> {
        match self.exists() {
            true => Ok(()),
            false => Err(LicenceError::NotFound),
        }
    }

    /// Refuses unless the licence exists and has not expired at `now`.
    pub fn must_last(&self, now: Timestamp) -> Result<(), LicenceError> {
        self.must_exist()?;
        match self.expires_at.is_some_and(|end| end <= now) {
            true => Err(LicenceError::Expired),
            false => Ok(()),
        }
    }
}

impl Registered for Licence {
    const TYPE: &'static str = "licence";
    const SCOPES: &'static [&'static Scope] = claims::SCOPES;
    const STATE_VERSION: i64 = 1;
    type Id = LicenceId;
    type Command = LicenceCommand;
    type Event = LicenceEvent;
    type Error = LicenceError;

    fn decide(&self, command: LicenceCommand) -> Result<Vec<LicenceEvent>, LicenceError> {
        match command {
            LicenceCommand::Issue(command) => issue_licence::decide(self, *command),
            LicenceCommand::Sign { by, now } => sign_licence::decide(self, by, now),
            LicenceCommand::Suspend => suspend_licence::decide(self),
            LicenceCommand::Resume => resume_licence::decide(self),
        }
    }

    fn apply(&mut self, event: LicenceEvent) {
        match event {
            LicenceEvent::Issued {
                agreement,
                organisation,
                licence_key,
                expires_at,
                seats,
                ..
            } => {
                *self = Self {
                    stage: Stage::InForce,
                    agreement: Some(agreement),
                    organisation: Some(organisation),
                    licence_key: licence_key.to_string(),
                    expires_at,
                    seats,
                    signed_by: None,
                }
            }
            LicenceEvent::Signed { user } => self.signed_by = Some(user),
            LicenceEvent::Suspended {} => self.stage = Stage::Suspended,
            LicenceEvent::Resumed {} => self.stage = Stage::InForce,
        }
    }

    fn begins_a_stream(command: &LicenceCommand) -> bool {
        match command {
            LicenceCommand::Issue(_) => true,
            LicenceCommand::Sign { .. } | LicenceCommand::Suspend | LicenceCommand::Resume => false,
        }
    }

    /// The user who signs is named by the id alone.
    fn person<'a>(&self, _: &'a str) -> Option<Cow<'a, str>> {
        None
    }

    fn samples() -> Result<Vec<LicenceEvent>, Invalid> {
        samples::all()
    }
}
