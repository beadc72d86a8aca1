//! The certificate authority of this server: its issuers with their sealed keys, and the authorities that the operator trusts.
//! There is only one, so one stream orders what all nodes do with it.

mod add_certificates;
mod add_issuer;
pub mod claims;
mod command;
mod error;
mod establish;
mod event;
#[cfg(test)]
mod fixtures;
mod remove_certificate;
mod samples;
#[cfg(test)]
mod tests;

use std::{borrow::Cow, collections::BTreeMap};

use serde::{Deserialize, Serialize};

pub use command::{AuthorityCommand, TrustedCertificate};
pub use error::AuthorityError;
pub use event::AuthorityEvent;

use crate::{
    Registered,
    claim::Scope,
    values::{AuthorityId, Fingerprint, Invalid, KeyId, PrivateKey, Timestamp},
};

/// The most authorities that the operator may add.
pub const MOST_CERTIFICATES: usize = 1_000;

/// The state of the authority, folded from its events.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Authority {
    /// All issuers, the oldest first. All of them still sign revocation lists and OCSP answers. A key may occur several times: its last
    /// certificate counts.
    pub issuers: Vec<NewIssuer>,
    /// The authorities that the operator added, by fingerprint: the base64 of their DER.
    pub certificates: BTreeMap<Fingerprint, String>,
}

/// What an issuer is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IssuerKind {
    /// It signs issuers.
    Root,
    /// It signs certificates of users.
    Issuing,
}

/// An issuer, as the ledger keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewIssuer {
    /// The identifier of its key.
    pub key_id: KeyId,
    /// What it is for.
    pub kind: IssuerKind,
    /// The SHA-256 of its certificate.
    pub fingerprint: Fingerprint,
    /// The base64 of its certificate.
    pub certificate: String,
    /// The certificates above it, the nearest first: the base64 of each.
    pub above: Vec<String>,
    /// Its private key.
    pub private_key: PrivateKey,
    /// The URL of this server that its certificates name.
    pub url: Option<String>,
    /// When its certificate expires.
    pub not_after: Timestamp,
}

impl Authority {
    /// The issuer that signs new certificates: the newest one that is for it.
    pub fn current(&self) -> Option<&NewIssuer> {
        self.newest(IssuerKind::Issuing)
    }

    /// The root that signs new issuers.
    pub fn root(&self) -> Option<&NewIssuer> {
        self.newest(IssuerKind::Root)
    }

    fn newest(&self, kind: IssuerKind) -> Option<&NewIssuer> {
        self.issuers.iter().rev().find(|issuer| issuer.kind == kind)
    }

    fn must_be_established(&self) -> Result<(), AuthorityError> {
        if self.issuers.is_empty() {
            Err(AuthorityError::NotEstablished)
        } else {
            Ok(())
        }
    }
}

impl Registered for Authority {
    const TYPE: &'static str = "authority";
    const SCOPES: &'static [&'static Scope] = claims::SCOPES;
    const STATE_VERSION: i64 = 1;
    type Id = AuthorityId;
    type Command = AuthorityCommand;
    type Event = AuthorityEvent;
    type Error = AuthorityError;

    fn decide(&self, command: AuthorityCommand) -> Result<Vec<AuthorityEvent>, AuthorityError> {
        match command {
            AuthorityCommand::Establish { root, issuing } => establish::decide(self, *root, *issuing),
            AuthorityCommand::AddIssuer(issuer) => add_issuer::decide(self, *issuer),
            AuthorityCommand::AddCertificates(certificates) => add_certificates::decide(self, certificates),
            AuthorityCommand::RemoveCertificate { fingerprint } => {
                remove_certificate::decide(self, fingerprint)
            }
        }
    }

    fn apply(&mut self, event: AuthorityEvent) {
        match event {
            AuthorityEvent::IssuerAdded {
                key_id,
                kind,
                fingerprint,
                certificate,
                above,
                private_key,
                url,
                not_after,
            } => self.issuers.push(NewIssuer {
                key_id,
                kind,
                fingerprint,
                certificate,
                above,
                private_key,
                url,
                not_after,
            }),
            AuthorityEvent::CertificateAdded {
                fingerprint,
                certificate,
            } => {
                self.certificates.insert(fingerprint, certificate);
            }
            AuthorityEvent::CertificateRemoved { fingerprint } => {
                self.certificates.remove(&fingerprint);
            }
        }
    }

    fn begins_a_stream(command: &AuthorityCommand) -> bool {
        match command {
            AuthorityCommand::Establish { .. } => true,
            AuthorityCommand::AddIssuer(_)
            | AuthorityCommand::AddCertificates(_)
            | AuthorityCommand::RemoveCertificate { .. } => false,
        }
    }

    /// Nobody: the certificates of authorities name no users.
    fn person<'a>(&self, _: &'a str) -> Option<Cow<'a, str>> {
        None
    }

    fn samples() -> Result<Vec<AuthorityEvent>, Invalid> {
        samples::all()
    }
}
