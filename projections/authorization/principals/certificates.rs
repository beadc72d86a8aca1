//! Certificates as readers see them, by fingerprint. Users without certificates need no memory here.

use std::collections::{BTreeMap, BTreeSet};

use aggregates::{
    user::UserEvent,
    values::{Certificate, Fingerprint, Timestamp, UserId},
};
use seize::LocalGuard;

use super::subject::{Reason, Search, Subject, SubjectType};
use crate::Authorization;

/// The user who may present a certificate, by its fingerprint.
pub(crate) const BY_FINGERPRINT: SubjectType = SubjectType {
    name: "certificate",
    read: |text| {
        let fingerprint = Fingerprint::parse(text).map_err(|_| Reason::Unknown)?;
        Ok(Subject::Certificate(fingerprint))
    },
    search: Search::Certificates,
};

/// The digest of a fingerprint. It needs a third of the memory that the text takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Digest {
    /// SHA-1.
    Short([u8; 20]),
    /// SHA-256.
    Long([u8; 32]),
}

impl Digest {
    /// The digest of a fingerprint.
    pub(crate) fn of(fingerprint: &Fingerprint) -> Option<Self> {
        octets(fingerprint)
            .map(Self::Long)
            .or_else(|| octets(fingerprint).map(Self::Short))
    }

    /// The fingerprint of this digest.
    pub(crate) fn fingerprint(&self) -> Option<Fingerprint> {
        let octets: &[u8] = match self {
            Self::Short(octets) => octets,
            Self::Long(octets) => octets,
        };
        let digits: String = octets.iter().map(|octet| format!("{octet:02x}")).collect();
        Fingerprint::parse(&digits).ok()
    }
}

/// Reads exactly `N` octets in hexadecimal.
fn octets<const N: usize>(digits: &str) -> Option<[u8; N]> {
    let (pairs, []) = digits.as_bytes().as_chunks::<2>() else {
        return None;
    };
    let mut octets = [0; N];
    if pairs.len() != N {
        return None;
    }
    for (octet, [high, low]) in octets.iter_mut().zip(pairs) {
        let value = |digit: u8| char::from(digit).to_digit(16);
        *octet = (value(*high)? << 4 | value(*low)?) as u8;
    }
    Some(octets)
}

/// A certificate that a user may present.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CertificateView {
    /// The user who may present it.
    pub user_id: UserId,
    /// When it expires, if known. The caller must compare it with the time.
    pub expires_at: Option<Timestamp>,
}

/// The certificates of each user, which only the writer needs: it removes them together with their user.
#[derive(Debug, Default)]
pub(crate) struct Owners(BTreeSet<(UserId, Digest)>);

impl Owners {
    fn of(&self, user: UserId) -> Vec<Digest> {
        let range = (user, Digest::Short([0; 20]))..=(user, Digest::Long([u8::MAX; 32]));
        self.0.range(range).map(|(_, digest)| *digest).collect()
    }
}

/// What a run of events does to a user's certificates: those that the user has afterwards, with their expiry, and those
/// that the user lost.
#[derive(Debug, Default)]
pub(crate) struct CertificateChanges(BTreeMap<Digest, Option<Option<Timestamp>>>);

impl CertificateChanges {
    /// The change that adds one certificate.
    pub(crate) fn added(certificate: &Certificate) -> Self {
        let mut changes = Self::default();
        changes.add(certificate);
        changes
    }

    fn add(&mut self, certificate: &Certificate) {
        if let Some(digest) = Digest::of(&certificate.fingerprint) {
            self.0.insert(digest, Some(certificate.expires_at));
        }
    }

    /// Applies the next event of the user.
    pub(crate) fn take(&mut self, held: &Owners, user: UserId, event: &UserEvent) {
        match event {
            UserEvent::CertificateAdded { certificate } => self.add(certificate),
            UserEvent::CertificateRemoved { fingerprint } => {
                self.0
                    .extend(Digest::of(fingerprint).map(|digest| (digest, None)));
            }
            UserEvent::Deleted {} => {
                self.0.values_mut().for_each(|change| *change = None);
                self.0
                    .extend(held.of(user).into_iter().map(|digest| (digest, None)));
            }
            UserEvent::Created { .. }
            | UserEvent::Renamed { .. }
            | UserEvent::PasswordChanged { .. }
            | UserEvent::PasswordSet { .. }
            | UserEvent::PasswordRehashed { .. }
            | UserEvent::PublishPrefixChanged { .. }
            | UserEvent::IdentityProviderChanged { .. }
            | UserEvent::GrantTypesChanged { .. }
            | UserEvent::MfaEnforcementChanged { .. }
            | UserEvent::PasswordChangeDemanded { .. }
            | UserEvent::TotpOffered { .. }
            | UserEvent::TotpEnrolled { .. }
            | UserEvent::SecondFactorUsed { .. }
            | UserEvent::SecondFactorRefused { .. }
            | UserEvent::BackupCodesReplaced { .. }
            | UserEvent::SecondFactorDisabled { .. }
            | UserEvent::RoleGranted { .. }
            | UserEvent::RoleRevoked { .. }
            | UserEvent::PermissionGranted { .. }
            | UserEvent::PermissionRevoked { .. }
            | UserEvent::TokensRevoked {}
            | UserEvent::SessionsEnded { .. }
            | UserEvent::SessionsByMethodEnded { .. }
            | UserEvent::Revoked {} => {}
        }
    }
}

impl Authorization {
    /// The certificate with this fingerprint, if a user may present it. The caller must check whether it expired.
    pub fn certificate(&self, fingerprint: &Fingerprint) -> Option<CertificateView> {
        let digest = Digest::of(fingerprint)?;
        let guard = self.collector.enter();
        let certificate = self.certificates.get(&digest, &guard)?;
        self.users
            .contains_key(&certificate.user_id, &guard)
            .then_some(*certificate)
    }

    /// The number of certificates that users may present.
    pub fn certificate_count(&self) -> usize {
        self.certificates.len()
    }

    /// Publishes the changes of a user's certificates, each by one store.
    pub(crate) fn publish_certificates(
        &self,
        held: &mut Owners,
        user_id: UserId,
        changes: CertificateChanges,
        guard: &LocalGuard<'_>,
    ) {
        for (digest, change) in changes.0 {
            match change {
                Some(expires_at) => {
                    held.0.insert((user_id, digest));
                    let view = CertificateView { user_id, expires_at };
                    if let Some(former) = self.certificates.insert(digest, view, guard)
                        && former.user_id != user_id
                    {
                        held.0.remove(&(former.user_id, digest));
                    }
                }
                None => {
                    held.0.remove(&(user_id, digest));
                    // If another user has the certificate by now, that user keeps it.
                    let _ =
                        self.certificates
                            .remove_if(&digest, |_, former| former.user_id == user_id, guard);
                }
            }
        }
    }
}
