//! Certificates as readers see them, by fingerprint. Nothing is kept for users without any.

use std::collections::{BTreeMap, BTreeSet};

use aggregates::{
    user::UserEvent,
    values::{Certificate, Fingerprint, Timestamp, UserId},
};
use seize::LocalGuard;

use super::subject::{Reason, Subject, SubjectType};
use crate::Authorization;

/// Whoever may present a certificate, by its fingerprint.
pub(crate) const BY_FINGERPRINT: SubjectType = SubjectType {
    name: "certificate",
    read: |text| {
        let fingerprint = Fingerprint::parse(text).map_err(|_| Reason::Unknown)?;
        Ok(Subject::Certificate(fingerprint))
    },
};

/// A fingerprint's digest, in a third of the room that its text takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Digest {
    /// SHA-1.
    Short([u8; 20]),
    /// SHA-256.
    Long([u8; 32]),
}

impl Digest {
    /// The digest that a fingerprint spells.
    pub(crate) fn of(fingerprint: &Fingerprint) -> Option<Self> {
        octets(fingerprint)
            .map(Self::Long)
            .or_else(|| octets(fingerprint).map(Self::Short))
    }

    /// The fingerprint that spells it.
    pub(crate) fn fingerprint(&self) -> Option<Fingerprint> {
        let octets: &[u8] = match self {
            Self::Short(octets) => octets,
            Self::Long(octets) => octets,
        };
        let digits: String = octets.iter().map(|octet| format!("{octet:02x}")).collect();
        Fingerprint::parse(&digits).ok()
    }
}

/// Exactly `N` octets in hexadecimal.
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
    /// Whose it is.
    pub user_id: UserId,
    /// When it ends, if known. Comparing it with the time is the caller's.
    pub expires_at: Option<Timestamp>,
}

/// The certificates of each user, which only the writer needs: they go when their user goes.
#[derive(Debug, Default)]
pub(crate) struct Owners(BTreeSet<(UserId, Digest)>);

impl Owners {
    fn of(&self, user: UserId) -> Vec<Digest> {
        let range = (user, Digest::Short([0; 20]))..=(user, Digest::Long([u8::MAX; 32]));
        self.0.range(range).map(|(_, digest)| *digest).collect()
    }
}

/// What a run of events does to a user's certificates: those the user has afterwards, with their ends, and those not.
#[derive(Debug, Default)]
pub(crate) struct CertificateChanges(BTreeMap<Digest, Option<Option<Timestamp>>>);

impl CertificateChanges {
    /// One is added.
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

    /// Takes the next event of the user.
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
            | UserEvent::RoleGranted { .. }
            | UserEvent::RoleRevoked { .. }
            | UserEvent::PermissionGranted { .. }
            | UserEvent::PermissionRevoked { .. }
            | UserEvent::TokensRevoked {} => {}
        }
    }
}

impl Authorization {
    /// The certificate of this fingerprint, if a user may present it. Whether it ended, the caller sees.
    pub fn certificate(&self, fingerprint: &Fingerprint) -> Option<CertificateView> {
        let digest = Digest::of(fingerprint)?;
        let guard = self.collector.enter();
        let certificate = self.certificates.get(&digest, &guard)?;
        self.users
            .contains_key(&certificate.user_id, &guard)
            .then_some(*certificate)
    }

    /// How many certificates users may present.
    pub fn certificate_count(&self) -> usize {
        self.certificates.len()
    }

    /// Publishes what became of a user's certificates, each by one store.
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
                    // Whoever has it by now keeps it.
                    let _ =
                        self.certificates
                            .remove_if(&digest, |_, former| former.user_id == user_id, guard);
                }
            }
        }
    }
}
