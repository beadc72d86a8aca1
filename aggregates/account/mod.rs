//! The account of a user on the os2iot face: what the face knows of a person besides the user.
//!
//! The rights are not here: the user holds the roles of the groups ([`crate::user::UserCommand::JoinGroup`]). The units that change
//! the groups of an account change the roles of its user, too. While an account is inactive, its user holds none of them.

mod change_account;
mod change_groups;
pub mod claims;
mod close_account;
mod command;
mod end_request;
mod error;
mod event;
mod hide_welcome;
mod open_account;
mod request_organisations;
mod samples;
#[cfg(test)]
mod tests;

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
};

use serde::{Deserialize, Serialize};

pub use command::{AccountCommand, ChangeAccount, ChangeGroups, OpenAccount};
pub use error::AccountError;
pub use event::AccountEvent;

use crate::{
    Registered,
    claim::Scope,
    values::{AccountId, GroupId, Invalid, OrganisationId, Timestamp, UserId},
};

/// The state of an account, folded from its events.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Account {
    /// How far the account has come.
    stage: Stage,
    /// The user; `None` before the account is opened.
    pub user: Option<UserId>,
    /// The person's name.
    pub name: String,
    /// The e-mail address by which the person logs in on the face.
    pub email: Option<String>,
    /// Whether the account is in use.
    pub is_active: bool,
    /// When the account stops being in use; `None` is never.
    pub expires_at: Option<Timestamp>,
    /// The groups, each with its organisation.
    pub groups: BTreeMap<GroupId, Option<OrganisationId>>,
    /// The organisations of which the person wants to be a member.
    pub requested: BTreeSet<OrganisationId>,
    /// Whether the face shows its welcome.
    pub shows_welcome: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
enum Stage {
    #[default]
    Absent,
    Open,
    Closed,
}

impl Account {
    /// Whether the account was opened and not closed.
    pub fn exists(&self) -> bool {
        self.stage == Stage::Open
    }

    /// Whether the person may use the face at this time.
    pub fn may_act(&self, now: Timestamp) -> bool {
        self.exists() && self.is_active && self.expires_at.is_none_or(|end| now < end)
    }

    /// The organisations of the groups.
    pub fn organisations(&self) -> BTreeSet<OrganisationId> {
        self.groups.values().flatten().copied().collect()
    }

    /// The user, or `NotFound` unless the account exists.
    fn must_exist(&self) -> Result<UserId, AccountError> {
        match self.user {
            Some(user) if self.exists() => Ok(user),
            _ => Err(AccountError::NotFound),
        }
    }

    /// The event that says in which organisations the account is, with these groups.
    fn placed(groups: &BTreeMap<GroupId, Option<OrganisationId>>) -> AccountEvent {
        let (organisations, is_global) = crate::values::organisations(groups);
        AccountEvent::Placed {
            organisations,
            is_global,
        }
    }
}

impl Registered for Account {
    const TYPE: &'static str = "os2iot_account";
    const SCOPES: &'static [&'static Scope] = claims::SCOPES;
    const STATE_VERSION: i64 = 1;
    type Id = AccountId;
    type Command = AccountCommand;
    type Event = AccountEvent;
    type Error = AccountError;

    fn decide(&self, command: AccountCommand) -> Result<Vec<AccountEvent>, AccountError> {
        match command {
            AccountCommand::Open(command) => open_account::decide(self, command),
            AccountCommand::Change(command) => change_account::decide(self, command),
            AccountCommand::ChangeGroups(command) => change_groups::decide(self, command),
            AccountCommand::RequestOrganisations { organisations } => {
                request_organisations::decide(self, organisations)
            }
            AccountCommand::EndRequest { organisation } => end_request::decide(self, organisation),
            AccountCommand::HideWelcome => hide_welcome::decide(self),
            AccountCommand::Close => close_account::decide(self),
        }
    }

    fn apply(&mut self, event: AccountEvent) {
        match event {
            AccountEvent::Opened {
                user,
                name,
                email,
                is_active,
                expires_at,
            } => {
                *self = Self {
                    stage: Stage::Open,
                    user: Some(user),
                    name,
                    email,
                    is_active,
                    expires_at,
                    shows_welcome: true,
                    ..Self::default()
                }
            }
            AccountEvent::Renamed { user: _, name } => self.name = name,
            AccountEvent::EmailChanged { user: _, email } => self.email = email,
            AccountEvent::Activated {} => self.is_active = true,
            AccountEvent::Deactivated {} => self.is_active = false,
            AccountEvent::ExpiryChanged { expires_at } => self.expires_at = expires_at,
            AccountEvent::GroupJoined { group, organisation } => {
                self.groups.insert(group, organisation);
            }
            AccountEvent::GroupLeft { group } => {
                self.groups.remove(&group);
            }
            AccountEvent::Placed { .. } => {}
            AccountEvent::OrganisationRequested { organisation } => {
                self.requested.insert(organisation);
            }
            AccountEvent::RequestEnded { organisation } => {
                self.requested.remove(&organisation);
            }
            AccountEvent::WelcomeHidden {} => self.shows_welcome = false,
            AccountEvent::Closed {} => {
                *self = Self {
                    stage: Stage::Closed,
                    user: self.user,
                    ..Self::default()
                }
            }
        }
    }

    fn begins_a_stream(command: &AccountCommand) -> bool {
        match command {
            AccountCommand::Open(_) => true,
            AccountCommand::Change(_)
            | AccountCommand::ChangeGroups(_)
            | AccountCommand::RequestOrganisations { .. }
            | AccountCommand::EndRequest { .. }
            | AccountCommand::HideWelcome
            | AccountCommand::Close => false,
        }
    }

    /// An account is about its user.
    fn subject<'a>(aggregate_id: &'a str, event: &AccountEvent) -> Cow<'a, str> {
        match event {
            AccountEvent::Opened { user, .. }
            | AccountEvent::Renamed { user, .. }
            | AccountEvent::EmailChanged { user, .. } => Cow::Owned(user.to_string()),
            AccountEvent::Activated {}
            | AccountEvent::Deactivated {}
            | AccountEvent::ExpiryChanged { .. }
            | AccountEvent::GroupJoined { .. }
            | AccountEvent::GroupLeft { .. }
            | AccountEvent::Placed { .. }
            | AccountEvent::OrganisationRequested { .. }
            | AccountEvent::RequestEnded { .. }
            | AccountEvent::WelcomeHidden {}
            | AccountEvent::Closed {} => Cow::Borrowed(aggregate_id),
        }
    }

    /// The person is the user.
    fn person<'a>(&self, _: &'a str) -> Option<Cow<'a, str>> {
        self.user.map(|user| Cow::Owned(user.to_string()))
    }

    fn samples() -> Result<Vec<AccountEvent>, Invalid> {
        Ok(samples::all())
    }
}
