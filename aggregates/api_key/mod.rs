//! An API key: a machine that proves its identity by a secret, and holds groups of the os2iot face.

mod change_api_key;
pub mod claims;
mod command;
mod error;
mod event;
mod issue_api_key;
mod revoke_api_key;
mod samples;
#[cfg(test)]
mod tests;

use std::{borrow::Cow, collections::BTreeSet};

use serde::{Deserialize, Serialize};

pub use command::{ApiKeyCommand, ChangeApiKey, IssueApiKey};
pub use error::ApiKeyError;
pub use event::ApiKeyEvent;

use crate::{
    Registered,
    claim::Scope,
    values::{AccountId, ApiKeyId, GroupId, Invalid, KeyDigest, Timestamp},
};

/// The state of an API key, folded from its events.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct ApiKey {
    /// How far the key has come.
    stage: Stage,
    /// The name; empty before the key is issued.
    pub name: String,
    /// The keyed digest of the secret.
    pub digest: Option<KeyDigest>,
    /// The groups whose rights the key has.
    pub groups: BTreeSet<GroupId>,
    /// When the key expires; `None` is never.
    pub expires_at: Option<Timestamp>,
    /// The number of the system user that the face shows as the author of what the key does.
    pub system_user: Option<AccountId>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
enum Stage {
    #[default]
    Absent,
    Live,
    Revoked,
}

impl ApiKey {
    /// Whether the key was issued and not revoked. It may have expired: the state knows no clock.
    pub fn is_live(&self) -> bool {
        self.stage == Stage::Live
    }

    /// `NotFound` unless the key was issued and not revoked.
    fn must_be_live(&self) -> Result<(), ApiKeyError> {
        match self.is_live() {
            true => Ok(()),
            false => Err(ApiKeyError::NotFound),
        }
    }
}

impl Registered for ApiKey {
    const TYPE: &'static str = "api_key";
    const SCOPES: &'static [&'static Scope] = claims::SCOPES;
    const STATE_VERSION: i64 = 1;
    type Id = ApiKeyId;
    type Command = ApiKeyCommand;
    type Event = ApiKeyEvent;
    type Error = ApiKeyError;

    fn decide(&self, command: ApiKeyCommand) -> Result<Vec<ApiKeyEvent>, ApiKeyError> {
        match command {
            ApiKeyCommand::Issue(command) => issue_api_key::decide(self, command),
            ApiKeyCommand::Change(command) => change_api_key::decide(self, command),
            ApiKeyCommand::Revoke => revoke_api_key::decide(self),
        }
    }

    fn apply(&mut self, event: ApiKeyEvent) {
        match event {
            ApiKeyEvent::Issued {
                name,
                prefix: _,
                digest,
                expires_at,
                system_user,
            } => {
                *self = Self {
                    stage: Stage::Live,
                    name: name.to_string(),
                    digest: Some(digest),
                    groups: BTreeSet::new(),
                    expires_at,
                    system_user: Some(system_user),
                }
            }
            ApiKeyEvent::Renamed { name } => self.name = name.to_string(),
            ApiKeyEvent::GroupJoined { group } => {
                self.groups.insert(group);
            }
            ApiKeyEvent::GroupLeft { group } => {
                self.groups.remove(&group);
            }
            ApiKeyEvent::Placed { .. } => {}
            ApiKeyEvent::ExpiryChanged {
                digest: _,
                expires_at,
            } => self.expires_at = expires_at,
            ApiKeyEvent::Revoked {} => {
                *self = Self {
                    stage: Stage::Revoked,
                    system_user: self.system_user,
                    ..Self::default()
                }
            }
        }
    }

    fn begins_a_stream(command: &ApiKeyCommand) -> bool {
        match command {
            ApiKeyCommand::Issue(_) => true,
            ApiKeyCommand::Change(_) | ApiKeyCommand::Revoke => false,
        }
    }

    /// A key is not about a person.
    fn person<'a>(&self, _: &'a str) -> Option<Cow<'a, str>> {
        None
    }

    fn samples() -> Result<Vec<ApiKeyEvent>, Invalid> {
        samples::all()
    }
}
