//! A public key that has certificates of this server. The id follows from the key, so a key has one stream: one user can have
//! several certificates for a key, and another user can have no certificate for it.

pub mod claims;
mod command;
mod error;
mod event;
#[cfg(test)]
mod fixtures;
mod issue;
mod revoke;
mod samples;
#[cfg(test)]
mod tests;

use std::{borrow::Cow, collections::BTreeMap};

use serde::{Deserialize, Serialize};

pub use command::{CertifiedKeyCommand, IssueCertificate};
pub use error::CertifiedKeyError;
pub use event::CertifiedKeyEvent;

use crate::{
    Registered,
    claim::Scope,
    values::{CertifiedKeyId, Fingerprint, Invalid, UserId},
};

/// The state of a key, folded from its events.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct CertifiedKey {
    /// The user who has the certificates.
    pub user_id: Option<UserId>,
    /// The certificates of the user for this key, and whether each is revoked.
    pub certificates: BTreeMap<Fingerprint, bool>,
}

impl Registered for CertifiedKey {
    const TYPE: &'static str = "certified_key";
    const SCOPES: &'static [&'static Scope] = claims::SCOPES;
    const STATE_VERSION: i64 = 1;
    type Id = CertifiedKeyId;
    type Command = CertifiedKeyCommand;
    type Event = CertifiedKeyEvent;
    type Error = CertifiedKeyError;

    fn decide(&self, command: CertifiedKeyCommand) -> Result<Vec<CertifiedKeyEvent>, CertifiedKeyError> {
        match command {
            CertifiedKeyCommand::Issue(command) => issue::decide(self, *command),
            CertifiedKeyCommand::Revoke { fingerprint, reason } => revoke::decide(self, fingerprint, reason),
        }
    }

    fn apply(&mut self, event: CertifiedKeyEvent) {
        match event {
            CertifiedKeyEvent::CertificateIssued {
                user_id, fingerprint, ..
            } => {
                if self.user_id != Some(user_id) {
                    *self = Self {
                        user_id: Some(user_id),
                        ..Self::default()
                    };
                }
                self.certificates.insert(fingerprint, false);
            }
            CertifiedKeyEvent::CertificateRevoked { fingerprint, .. } => {
                self.certificates.insert(fingerprint, true);
            }
        }
    }

    /// The first certificate for a key begins the stream of the key.
    fn begins_a_stream(command: &CertifiedKeyCommand) -> bool {
        match command {
            CertifiedKeyCommand::Issue(_) => true,
            CertifiedKeyCommand::Revoke { .. } => false,
        }
    }

    /// A certificate is about its user.
    fn subject<'a>(aggregate_id: &'a str, event: &CertifiedKeyEvent) -> Cow<'a, str> {
        match event {
            CertifiedKeyEvent::CertificateIssued { user_id, .. } => Cow::Owned(user_id.to_string()),
            CertifiedKeyEvent::CertificateRevoked { .. } => Cow::Borrowed(aggregate_id),
        }
    }

    /// The person is the user who has the certificates.
    fn person<'a>(&self, _: &'a str) -> Option<Cow<'a, str>> {
        self.user_id.map(|id| Cow::Owned(id.to_string()))
    }

    fn samples() -> Result<Vec<CertifiedKeyEvent>, Invalid> {
        samples::all()
    }
}
