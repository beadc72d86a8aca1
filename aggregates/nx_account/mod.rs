//! What the face of Nx knows of a person besides the user. It has the id of the user.

mod change_nx_account;
pub mod claims;
mod close_nx_account;
mod command;
mod error;
mod event;
mod join_organisation;
mod leave_organisation;
mod open_nx_account;
mod samples;
#[cfg(test)]
mod tests;
mod verify_email;

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

pub use command::{ChangeNxAccount, NxAccountCommand, OpenNxAccount};
pub use error::NxAccountError;
pub use event::NxAccountEvent;

use crate::{
    Registered,
    claim::Scope,
    values::{Invalid, OrganisationId, UserId},
};

/// The state of an account, folded from its events.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct NxAccount {
    /// How far the account has come.
    stage: Stage,
    /// The person's name.
    pub name: String,
    /// The e-mail address.
    pub email: Option<String>,
    /// Whether the person has proved that the address is theirs. Only then it counts.
    pub is_verified: bool,
    /// The phone number.
    pub phone: Option<String>,
    /// What the person does at work.
    pub job_title: Option<String>,
    /// Whether the person wants the newsletter.
    pub newsletter: bool,
    /// The organisation of which the person is a member.
    pub organisation: Option<OrganisationId>,
    /// Whether the person owns the organisation.
    pub is_owner: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
enum Stage {
    #[default]
    Absent,
    Open,
    Closed,
}

impl NxAccount {
    /// Whether the account was opened and not closed.
    pub fn exists(&self) -> bool {
        self.stage == Stage::Open
    }

    /// `NotFound` unless the account exists.
    fn must_exist(&self) -> Result<(), NxAccountError> {
        match self.exists() {
            true => Ok(()),
            false => Err(NxAccountError::NotFound),
        }
    }
}

impl Registered for NxAccount {
    const TYPE: &'static str = "nx_account";
    const SCOPES: &'static [&'static Scope] = claims::SCOPES;
    const STATE_VERSION: i64 = 1;
    type Id = UserId;
    type Command = NxAccountCommand;
    type Event = NxAccountEvent;
    type Error = NxAccountError;

    fn decide(&self, command: NxAccountCommand) -> Result<Vec<NxAccountEvent>, NxAccountError> {
        match command {
            NxAccountCommand::Open(command) => open_nx_account::decide(self, command),
            NxAccountCommand::Change(command) => change_nx_account::decide(self, command),
            NxAccountCommand::VerifyEmail => verify_email::decide(self),
            NxAccountCommand::JoinOrganisation { organisation } => {
                join_organisation::decide(self, organisation)
            }
            NxAccountCommand::LeaveOrganisation { organisation } => {
                leave_organisation::decide(self, organisation)
            }
            NxAccountCommand::Close => Ok(close_nx_account::decide(self)),
        }
    }

    fn apply(&mut self, event: NxAccountEvent) {
        match event {
            NxAccountEvent::Opened {
                name,
                email,
                is_verified,
                phone,
                job_title,
                newsletter,
                organisation,
                is_owner,
            } => {
                *self = Self {
                    stage: Stage::Open,
                    name,
                    email,
                    is_verified,
                    phone,
                    job_title,
                    newsletter,
                    organisation,
                    is_owner,
                }
            }
            NxAccountEvent::EmailVerified {} => self.is_verified = true,
            NxAccountEvent::Renamed { name } => self.name = name,
            NxAccountEvent::PhoneChanged { phone } => self.phone = phone,
            NxAccountEvent::NewsletterChanged { newsletter } => self.newsletter = newsletter,
            NxAccountEvent::OrganisationJoined { organisation } => self.organisation = Some(organisation),
            NxAccountEvent::OrganisationLeft {} => self.organisation = None,
            NxAccountEvent::Closed {} => {
                *self = Self {
                    stage: Stage::Closed,
                    ..Self::default()
                }
            }
        }
    }

    fn begins_a_stream(command: &NxAccountCommand) -> bool {
        match command {
            NxAccountCommand::Open(_) => true,
            NxAccountCommand::Change(_)
            | NxAccountCommand::VerifyEmail
            | NxAccountCommand::JoinOrganisation { .. }
            | NxAccountCommand::LeaveOrganisation { .. }
            | NxAccountCommand::Close => false,
        }
    }

    /// The person is the user, who has the same id.
    fn person<'a>(&self, aggregate_id: &'a str) -> Option<Cow<'a, str>> {
        Some(Cow::Borrowed(aggregate_id))
    }

    fn samples() -> Result<Vec<NxAccountEvent>, Invalid> {
        Ok(samples::all())
    }
}
