//! What this process has read about certificates of ours, so that an OCSP answer need not look it up again.
//!
//! That a certificate is good counts only while its user holds it. This process first reads what all nodes have appended, so it knows of
//! every revocation. One such read serves all requests that wait for it.

use std::{
    num::NonZeroUsize,
    sync::{Mutex, MutexGuard, PoisonError},
};

use aggregates::values::{Fingerprint, KeyId, RevocationReason, SerialNumber, Timestamp, UserId};
use lru::LruCache;
use projections::issued_certificates::{self, IssuedRow};

use super::{Issuing, IssuingError};

/// How many certificates are remembered. An entry takes some 300 bytes.
const MOST: NonZeroUsize = NonZeroUsize::new(65_536).unwrap();

/// A certificate, by its issuer and serial number.
type Name = (KeyId, SerialNumber);

/// What is known of a certificate of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Known {
    /// It is good, if this user holds it.
    Good(Fingerprint, UserId),
    /// It is revoked, for ever.
    Revoked(Timestamp, Option<RevocationReason>),
}

impl Known {
    /// What a row says.
    fn of(row: &IssuedRow) -> Self {
        match row.revoked_at {
            Some(at) => Self::Revoked(at, row.reason),
            None => Self::Good(row.fingerprint.clone(), row.user_id),
        }
    }
}

/// The certificates that somebody asked for lately.
pub(super) struct Statuses(Mutex<LruCache<Name, Known>>);

impl Default for Statuses {
    fn default() -> Self {
        Self(Mutex::new(LruCache::new(MOST)))
    }
}

impl Statuses {
    fn known(&self) -> MutexGuard<'_, LruCache<Name, Known>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Issuing {
    /// What is known of these certificates of one issuer, each `None` if this authority never issued it. It is as new as the request.
    pub(super) async fn known_of(
        &self,
        issuer: &KeyId,
        serials: Vec<SerialNumber>,
    ) -> Result<Vec<Option<Known>>, IssuingError> {
        let ledger = self.0.executor.ledger();
        let names: Vec<Name> = serials
            .into_iter()
            .map(|serial| (issuer.clone(), serial))
            .collect();
        let mut known = vec![None; names.len()];
        // If that fails, the database is asked for each certificate.
        if ledger.follower().catch_up().await.is_ok() {
            let mut remembered = self.0.statuses.known();
            for (known, name) in known.iter_mut().zip(&names) {
                *known = remembered.get(name).filter(|known| self.counts(known)).cloned();
            }
        }
        let missing: Vec<SerialNumber> = names
            .iter()
            .zip(&known)
            .filter(|(_, known)| known.is_none())
            .map(|((_, serial), _)| serial.clone())
            .collect();
        if missing.is_empty() {
            return Ok(known);
        }
        let rows = issued_certificates::of_issuer(ledger.db(), issuer, &missing).await?;
        let mut remembered = self.0.statuses.known();
        for row in &rows {
            for (known, (_, serial)) in known.iter_mut().zip(&names) {
                if *serial == row.serial {
                    *known = Some(Known::of(row));
                }
            }
            let name = (issuer.clone(), row.serial.clone());
            // Another request may have read the certificate later, and learned that it is revoked.
            if !matches!(remembered.peek(&name), Some(Known::Revoked(..))) {
                remembered.put(name, Known::of(row));
            }
        }
        Ok(known)
    }

    /// Whether what was read still counts, as far as this process knows.
    pub(super) fn counts(&self, known: &Known) -> bool {
        match known {
            Known::Revoked(..) => true,
            Known::Good(fingerprint, user) => {
                let authorization = self.0.executor.ledger().authorization();
                let held = authorization.certificate(fingerprint);
                held.is_some_and(|held| held.user_id == *user)
            }
        }
    }
}
