//! The issuers of the authority, with their keys ready to sign.

use std::{collections::HashSet, sync::Arc};

use aggregates::{
    authority::{Authority, IssuerKind, NewIssuer},
    values::{Fingerprint, KeyId},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use pki::{Issuer, Key};
use zeroize::Zeroizing;

use super::IssuingError;

/// All issuers of the authority, the oldest first.
#[derive(Default)]
pub struct Issuers {
    issuers: Vec<Arc<OurIssuer>>,
    authority: Authority,
}

/// An issuer of the authority, ready to sign.
pub struct OurIssuer {
    /// The identifier of its key.
    pub key_id: KeyId,
    /// What it is for.
    pub kind: IssuerKind,
    /// The key and the certificate.
    pub issuer: Issuer,
    /// The certificates above it in DER, the nearest first.
    pub above: Vec<Vec<u8>>,
}

impl Issuers {
    /// The same issuers, and those that the authority has in addition.
    pub(super) fn with(&self, authority: Authority) -> Result<Self, IssuingError> {
        let mut issuers = self.issuers.clone();
        for stored in authority.issuers.iter().skip(issuers.len()) {
            issuers.push(Arc::new(OurIssuer::read(stored)?));
        }
        Ok(Self { issuers, authority })
    }

    pub(super) fn count(&self) -> usize {
        self.issuers.len()
    }

    pub(super) fn is_established(&self) -> bool {
        !self.issuers.is_empty()
    }

    /// All issuers, the oldest first. If a key got several certificates, each of them counts.
    pub fn all(&self) -> impl DoubleEndedIterator<Item = &Arc<OurIssuer>> {
        self.issuers.iter()
    }

    /// All keys, each with its last certificate, the newest first: those who sign revocation lists.
    pub fn signers(&self) -> impl Iterator<Item = &Arc<OurIssuer>> {
        let mut seen = HashSet::new();
        let newest_first = self.issuers.iter().rev();
        newest_first.filter(move |ours| seen.insert(&ours.key_id))
    }

    /// The roots of this server, the oldest first.
    pub(super) fn roots(&self) -> impl Iterator<Item = &Arc<OurIssuer>> {
        self.issuers.iter().filter(|ours| ours.kind == IssuerKind::Root)
    }

    /// An issuer with its key, as the ledger has it.
    pub(super) fn stored(&self, key_id: &KeyId) -> Option<&NewIssuer> {
        let mut newest_first = self.authority.issuers.iter().rev();
        newest_first.find(|stored| stored.key_id == *key_id)
    }

    /// The issuer that signs certificates of users.
    pub fn current(&self) -> Result<&Arc<OurIssuer>, IssuingError> {
        self.newest(IssuerKind::Issuing)
    }

    /// The root that signs new issuers.
    pub fn root(&self) -> Result<&Arc<OurIssuer>, IssuingError> {
        self.newest(IssuerKind::Root)
    }

    fn newest(&self, kind: IssuerKind) -> Result<&Arc<OurIssuer>, IssuingError> {
        let newest = self.issuers.iter().rev().find(|issuer| issuer.kind == kind);
        newest.ok_or(IssuingError::NotEstablished)
    }

    /// The issuer with this key.
    pub fn with_key(&self, key_id: &KeyId) -> Option<&Arc<OurIssuer>> {
        self.issuers.iter().rev().find(|issuer| issuer.key_id == *key_id)
    }

    /// The authorities that the operator added: fingerprint and DER.
    pub fn trusted(&self) -> impl Iterator<Item = (&Fingerprint, Vec<u8>)> {
        let certificates = self.authority.certificates.iter();
        certificates.filter_map(|(fingerprint, base64)| Some((fingerprint, STANDARD.decode(base64).ok()?)))
    }

    /// The certificates of all issuers in DER, each once: first the current issuer, then all others.
    pub fn certificates(&self) -> Vec<&[u8]> {
        let mut all: Vec<&[u8]> = Vec::new();
        for ours in self.current().into_iter().chain(self.issuers.iter().rev()) {
            let chain = std::iter::once(ours.issuer.der()).chain(ours.above.iter().map(Vec::as_slice));
            for certificate in chain {
                if !all.contains(&certificate) {
                    all.push(certificate);
                }
            }
        }
        all
    }
}

impl OurIssuer {
    fn read(stored: &NewIssuer) -> Result<Self, IssuingError> {
        let decoded = |text: &str| {
            STANDARD
                .decode(text)
                .map_err(|error| IssuingError::Stored(error.to_string()))
        };
        let pkcs8 = Zeroizing::new(decoded(stored.private_key.as_str())?);
        let issuer = Issuer::new(
            &decoded(&stored.certificate)?,
            Key::from_pkcs8(&pkcs8)?,
            stored.url.clone(),
        )?;
        Ok(Self {
            key_id: stored.key_id.clone(),
            kind: stored.kind,
            issuer,
            above: stored
                .above
                .iter()
                .map(|text| decoded(text))
                .collect::<Result<_, _>>()?,
        })
    }

    /// Its certificate and those above it in PEM: what a client sends beside its own certificate.
    pub fn chain_pem(&self) -> String {
        let chain = std::iter::once(self.issuer.der()).chain(self.above.iter().map(Vec::as_slice));
        chain.map(|der| pki::pem("CERTIFICATE", der)).collect()
    }
}
