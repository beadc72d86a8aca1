//! A service account: a program that gets tokens by a secret or a certificate of its own (RFC 6749 section 4.4). It acts as a user with the
//! same UUID, who holds its rights and its certificates.

pub mod claims;
mod close;
mod command;
mod error;
mod event;
mod issue_secret;
mod open;
mod samples;
#[cfg(test)]
mod tests;
mod values;
mod withdraw_secret;

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

pub use command::{NewSecret, ServiceAccountCommand};
pub use error::ServiceAccountError;
pub use event::ServiceAccountEvent;
pub use values::{ClientSecretId, ServiceAccountId};

use crate::{
    Registered,
    claim::Scope,
    values::{Invalid, KeyDigest, Timestamp, UserId},
};

/// The state of a service account, folded from its events.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct ServiceAccount {
    /// How far the account has come.
    stage: Stage,
    /// The user as whom it acts, while it is open.
    user: Option<UserId>,
    /// The realm; empty unless the account is open.
    realm: String,
    /// The secrets that are valid, oldest first.
    pub secrets: Vec<Secret>,
}

/// A secret that is valid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Secret {
    /// The id.
    pub id: ClientSecretId,
    /// Its first characters.
    pub prefix: String,
    /// Its keyed digest.
    pub digest: KeyDigest,
    /// When it was issued.
    pub issued_at: Timestamp,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
enum Stage {
    #[default]
    Absent,
    Open,
    Closed,
}

impl ServiceAccount {
    /// Whether the account was opened and not closed. Its user may have been deleted.
    pub fn is_open(&self) -> bool {
        self.stage == Stage::Open
    }

    /// Whether the account is open and gets tokens in the name of this realm.
    pub fn is_of_realm(&self, realm: &str) -> bool {
        self.is_open() && self.realm == realm
    }

    /// The realm; empty unless the account is open.
    pub fn realm(&self) -> &str {
        &self.realm
    }

    /// The valid secret with this digest.
    pub fn secret_with(&self, digest: &KeyDigest) -> Option<ClientSecretId> {
        let found = self.secrets.iter().find(|secret| secret.digest == *digest);
        found.map(|secret| secret.id)
    }

    /// `NotFound` unless the account is open.
    fn must_be_open(&self) -> Result<(), ServiceAccountError> {
        match self.is_open() {
            true => Ok(()),
            false => Err(ServiceAccountError::NotFound),
        }
    }
}

impl Registered for ServiceAccount {
    const TYPE: &'static str = "service_account";
    const SCOPES: &'static [&'static Scope] = claims::SCOPES;
    const STATE_VERSION: i64 = 1;
    type Id = ServiceAccountId;
    type Command = ServiceAccountCommand;
    type Event = ServiceAccountEvent;
    type Error = ServiceAccountError;

    fn decide(
        &self,
        command: ServiceAccountCommand,
    ) -> Result<Vec<ServiceAccountEvent>, ServiceAccountError> {
        match command {
            ServiceAccountCommand::Open { user, realm, secret } => open::decide(self, user, realm, secret),
            ServiceAccountCommand::IssueSecret(secret) => issue_secret::decide(self, secret),
            ServiceAccountCommand::WithdrawSecret { id } => withdraw_secret::decide(self, id),
            ServiceAccountCommand::Close => close::decide(self),
        }
    }

    fn apply(&mut self, event: ServiceAccountEvent) {
        match event {
            ServiceAccountEvent::Opened { user_id, realm } => {
                *self = Self {
                    stage: Stage::Open,
                    user: Some(user_id),
                    realm: realm.to_string(),
                    secrets: Vec::new(),
                }
            }
            ServiceAccountEvent::SecretIssued {
                id,
                prefix,
                digest,
                issued_at,
            } => self.secrets.push(Secret {
                id,
                prefix,
                digest,
                issued_at,
            }),
            ServiceAccountEvent::SecretWithdrawn { id } => self.secrets.retain(|secret| secret.id != id),
            ServiceAccountEvent::Closed {} => {
                *self = Self {
                    stage: Stage::Closed,
                    ..Self::default()
                }
            }
        }
    }

    fn begins_a_stream(command: &ServiceAccountCommand) -> bool {
        match command {
            ServiceAccountCommand::Open { .. } => true,
            ServiceAccountCommand::IssueSecret(_)
            | ServiceAccountCommand::WithdrawSecret { .. }
            | ServiceAccountCommand::Close => false,
        }
    }

    /// A service account is not about a person.
    fn person<'a>(&self, _: &'a str) -> Option<Cow<'a, str>> {
        None
    }

    fn samples() -> Result<Vec<ServiceAccountEvent>, Invalid> {
        samples::all()
    }
}
