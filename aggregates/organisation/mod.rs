//! An organisation: users, groups, API keys and applications belong to organisations.

mod add_member;
pub mod claims;
mod command;
mod delete_organisation;
mod error;
mod event;
mod found_by_sign_up;
mod found_organisation;
mod remove_member;
mod rename_organisation;
mod samples;
#[cfg(test)]
mod tests;

use std::{borrow::Cow, collections::BTreeSet};

use serde::{Deserialize, Serialize};

pub use command::OrganisationCommand;
pub use error::OrganisationError;
pub use event::OrganisationEvent;

use crate::{
    Registered,
    claim::Scope,
    values::{Invalid, OrganisationId, UserId},
};

/// How many members the organisation of somebody who signed up has at most.
pub const MOST_MEMBERS: usize = 1_000;

/// The state of an organisation, folded from its events.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Organisation {
    /// How far the organisation has come.
    stage: Stage,
    /// The name; empty before it is founded.
    pub name: String,
    /// Whether somebody who signed up has it. Then only they administer it, and others may have the same name.
    pub is_of_sign_up: bool,
    /// The members of the organisation of somebody who signed up, who is one of them.
    pub members: BTreeSet<UserId>,
    /// How often a member has left it.
    pub departures: u32,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
enum Stage {
    #[default]
    Absent,
    Live,
    Deleted,
}

impl Organisation {
    /// Whether the organisation was founded and not deleted.
    pub fn exists(&self) -> bool {
        self.stage == Stage::Live
    }

    /// `NotFound` unless the organisation exists and is of somebody who signed up.
    fn must_have_members(&self) -> Result<(), OrganisationError> {
        match self.exists() && self.is_of_sign_up {
            true => Ok(()),
            false => Err(OrganisationError::NotFound),
        }
    }

    /// `NotFound` unless the organisation exists and is administered by others.
    fn must_exist(&self) -> Result<(), OrganisationError> {
        match self.exists() && !self.is_of_sign_up {
            true => Ok(()),
            false => Err(OrganisationError::NotFound),
        }
    }
}

impl Registered for Organisation {
    const TYPE: &'static str = "organisation";
    const SCOPES: &'static [&'static Scope] = claims::SCOPES;
    const STATE_VERSION: i64 = 2;
    type Id = OrganisationId;
    type Command = OrganisationCommand;
    type Event = OrganisationEvent;
    type Error = OrganisationError;

    fn decide(&self, command: OrganisationCommand) -> Result<Vec<OrganisationEvent>, OrganisationError> {
        match command {
            OrganisationCommand::Found { name } => found_organisation::decide(self, name),
            OrganisationCommand::FoundBySignUp { name } => found_by_sign_up::decide(self, name),
            OrganisationCommand::AddMember { user } => add_member::decide(self, user),
            OrganisationCommand::RemoveMember { user } => remove_member::decide(self, user),
            OrganisationCommand::Rename { name } => rename_organisation::decide(self, name),
            OrganisationCommand::Delete => delete_organisation::decide(self),
        }
    }

    fn apply(&mut self, event: OrganisationEvent) {
        match event {
            OrganisationEvent::Founded { name } => {
                *self = Self {
                    stage: Stage::Live,
                    name: name.to_string(),
                    ..Self::default()
                }
            }
            OrganisationEvent::FoundedBySignUp { name } => {
                *self = Self {
                    stage: Stage::Live,
                    name: name.to_string(),
                    is_of_sign_up: true,
                    ..Self::default()
                }
            }
            OrganisationEvent::MemberJoined { user } => {
                self.members.insert(user);
            }
            OrganisationEvent::MemberLeft { user } => {
                self.members.remove(&user);
                self.departures = self.departures.saturating_add(1);
            }
            OrganisationEvent::Renamed { name } => self.name = name.to_string(),
            OrganisationEvent::Deleted {} => {
                *self = Self {
                    stage: Stage::Deleted,
                    ..Self::default()
                }
            }
        }
    }

    fn begins_a_stream(command: &OrganisationCommand) -> bool {
        match command {
            OrganisationCommand::Found { .. } | OrganisationCommand::FoundBySignUp { .. } => true,
            OrganisationCommand::AddMember { .. }
            | OrganisationCommand::RemoveMember { .. }
            | OrganisationCommand::Rename { .. }
            | OrganisationCommand::Delete => false,
        }
    }

    /// An organisation is not about a person.
    fn person<'a>(&self, _: &'a str) -> Option<Cow<'a, str>> {
        None
    }

    fn samples() -> Result<Vec<OrganisationEvent>, Invalid> {
        samples::all()
    }
}
