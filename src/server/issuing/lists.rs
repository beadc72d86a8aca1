//! Revocation lists. Entries are encoded once, when this process learns of a revocation. A list is signed when somebody asks for it
//! and it has changed, or when the hour has changed.

use std::{collections::HashMap, sync::Arc};

use aggregates::values::{KeyId, RevocationReason};
use pki::{CrlTerms, Reason, partition_of};
use projections::issued_certificates::{self, Revoked};

use super::{Issuing, IssuingError};

/// After how many seconds a list is signed again, even if nothing was revoked.
const HOUR: u64 = 3600;
/// How many hours a list may be used. It is signed again each hour, long before half of this time.
const LIFE_HOURS: u64 = 24;
/// The number of a list is the position of its last revocation and the hour, so it never decreases on any node. The hours since
/// 1970 fit into these bits until the year 3883.
const HOUR_BITS: u32 = 24;

/// The lists of all issuers that somebody has asked for.
#[derive(Default)]
pub(super) struct Lists(HashMap<KeyId, List>);

/// What one issuer revoked.
#[derive(Default)]
struct List {
    /// The entries that have not expired, one after the other.
    bytes: Vec<u8>,
    entries: Vec<Entry>,
    /// The position of the last revocation.
    position: i64,
    /// When the last revocation happened.
    changed_at: u64,
    /// The hour in which expired entries were dropped last.
    swept: u64,
    signed: HashMap<Option<u8>, (u64, Arc<Vec<u8>>)>,
}

/// An entry of [`List::bytes`], in the same order.
#[derive(Clone, Copy)]
struct Entry {
    length: u8,
    partition: u8,
    not_after: u64,
}

impl Issuing {
    /// The revocation list of an issuer in DER: the whole list, or one partition of it.
    pub async fn crl(&self, key_id: &KeyId, partition: Option<u8>) -> Result<Arc<Vec<u8>>, IssuingError> {
        let ours = match self.known().with_key(key_id) {
            Some(ours) => Arc::clone(ours),
            None => {
                let issuers = self.read().await?;
                Arc::clone(issuers.with_key(key_id).ok_or(IssuingError::UnknownIssuer)?)
            }
        };
        // The requests for a list take turns, so a list is signed once.
        let mut lists = self.0.lists.lock().await;
        let list = lists.0.entry(key_id.clone()).or_default();
        let db = self.0.executor.ledger().db();
        for revoked in issued_certificates::revoked_since(db, key_id, list.position).await? {
            list.take(&revoked)?;
        }
        let now = self.now();
        list.sweep(now);
        let terms = list.terms(now);
        if let Some((number, signed)) = list.signed.get(&partition)
            && *number == terms.number
        {
            return Ok(Arc::clone(signed));
        }
        let entries = list.entries_of(partition);
        let signing = tokio::task::spawn_blocking(move || ours.issuer.crl(&entries, terms, partition));
        let signed = signing
            .await
            .map_err(|error| IssuingError::Stored(error.to_string()))?;
        let signed = Arc::new(signed?);
        list.signed.insert(partition, (terms.number, Arc::clone(&signed)));
        Ok(signed)
    }
}

impl List {
    fn take(&mut self, revoked: &Revoked) -> Result<(), IssuingError> {
        let serial = pki::Serial::parse(&revoked.serial)
            .ok_or_else(|| IssuingError::Stored("a serial number of another form".to_owned()))?;
        let revoked_at = seconds(revoked.revoked_at.seconds());
        let bytes = pki::entry(serial.octets(), revoked_at, reason(revoked.reason))?;
        self.entries.push(Entry {
            length: u8::try_from(bytes.len()).unwrap_or(u8::MAX),
            partition: partition_of(serial.octets()),
            not_after: seconds(revoked.not_after.seconds()),
        });
        self.bytes.extend_from_slice(&bytes);
        self.position = self.position.max(revoked.position);
        self.changed_at = self.changed_at.max(revoked_at);
        Ok(())
    }

    /// Drops the entries of certificates that have expired, once an hour.
    fn sweep(&mut self, now: u64) {
        let hour = now / HOUR;
        if self.swept == hour {
            return;
        }
        self.swept = hour;
        let is_over = |entry: &Entry| entry.not_after < hour * HOUR;
        if self.entries.iter().any(is_over) {
            self.bytes = self.copy(|entry| !is_over(entry));
            self.entries.retain(|entry| !is_over(entry));
        }
    }

    fn entries_of(&self, partition: Option<u8>) -> Vec<u8> {
        match partition {
            None => self.bytes.clone(),
            Some(partition) => self.copy(|entry| entry.partition == partition),
        }
    }

    fn copy(&self, is_wanted: impl Fn(&Entry) -> bool) -> Vec<u8> {
        let (mut copied, mut rest) = (Vec::new(), self.bytes.as_slice());
        for entry in &self.entries {
            let (bytes, after) = rest
                .split_at_checked(usize::from(entry.length))
                .unwrap_or((rest, &[]));
            rest = after;
            if is_wanted(entry) {
                copied.extend_from_slice(bytes);
            }
        }
        copied
    }

    /// All nodes write the same into a list with the same number.
    fn terms(&self, now: u64) -> CrlTerms {
        let hour = now / HOUR;
        let begun = hour * HOUR;
        CrlTerms {
            number: u64::try_from(self.position).unwrap_or_default() << HOUR_BITS | hour,
            this_update: begun.max(self.changed_at.min(now)),
            next_update: begun + LIFE_HOURS * HOUR,
        }
    }
}

pub(super) fn seconds(seconds: i64) -> u64 {
    u64::try_from(seconds).unwrap_or_default()
}

pub(super) fn reason(reason: Option<RevocationReason>) -> Reason {
    match reason {
        None | Some(RevocationReason::Unspecified) => Reason::Unspecified,
        Some(RevocationReason::KeyCompromise) => Reason::KeyCompromise,
        Some(RevocationReason::AffiliationChanged) => Reason::AffiliationChanged,
        Some(RevocationReason::Superseded) => Reason::Superseded,
        Some(RevocationReason::CessationOfOperation) => Reason::CessationOfOperation,
        Some(RevocationReason::PrivilegeWithdrawn) => Reason::PrivilegeWithdrawn,
    }
}
