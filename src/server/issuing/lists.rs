//! Revocation lists. Entries are encoded once, when this process learns of a revocation. A list is signed when somebody asks for it
//! and it has changed, or when the hour has changed, or when another node has signed one with a higher number.
//!
//! What a list says depends only on the position of the issuer's last revocation and on the hour, so nodes whose clocks agree write the
//! same. A clock can be wrong for a while: nothing is lost for good because a clock says that it has expired. The database gives the
//! numbers (`ledger::ListNumber`), so they never decrease, also if clocks do not agree.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use aggregates::values::{KeyId, RevocationReason};
use axum::body::Bytes;
use ledger::ListNumber;
use pki::{CrlTerms, Reason, partition_of};
use projections::issued_certificates::{self, Newest, Revoked};

use super::{Issuing, IssuingError, OurIssuer, issue::moment};

/// After how many seconds a list is signed again, even if nothing was revoked.
const HOUR: u64 = 3600;
/// How many hours a list may be used. It is signed again each hour, long before half of this time.
const LIFE_HOURS: u64 = 24;
/// The number of a list is the position of its last revocation and the hour, if no list has had a higher number. The hours since 1970 fit
/// into these bits until the year 3883.
const HOUR_BITS: u32 = 24;

/// How often a number is asked for, if other nodes revoke and number lists meanwhile.
const TRIES: u32 = 16;

/// The lists of all issuers that somebody has asked for. The requests for the lists of one issuer take turns.
#[derive(Default)]
pub(super) struct Lists(Mutex<HashMap<KeyId, Arc<tokio::sync::Mutex<List>>>>);

/// A signed revocation list. All who download it share its bytes.
#[derive(Clone, Debug)]
pub struct SignedList {
    /// The list in DER.
    pub der: Bytes,
    pem: Arc<OnceLock<Bytes>>,
}

impl SignedList {
    /// The list in PEM.
    pub fn pem(&self) -> Bytes {
        let pem = self.pem.get_or_init(|| pki::pem("X509 CRL", &self.der).into());
        pem.clone()
    }
}

/// What one issuer revoked. It has all revocations up to `newest`, except those of certificates that expired before `from`.
#[derive(Default)]
struct List {
    /// The beginning of the hour of the list.
    from: u64,
    /// The last revocation.
    newest: Newest,
    /// The entries, one after the other.
    bytes: Vec<u8>,
    entries: Vec<Entry>,
    /// The number of the lists in `signed`; 0 before the first one.
    number: i64,
    /// What was signed for this hour and these entries.
    signed: HashMap<Option<u8>, SignedList>,
}

/// An entry of [`List::bytes`], in the same order.
#[derive(Clone, Copy)]
struct Entry {
    length: u8,
    partition: u8,
    not_after: u64,
}

impl Issuing {
    /// The revocation list of an issuer: the whole list, or one partition of it.
    pub async fn crl(&self, key_id: &KeyId, partition: Option<u8>) -> Result<SignedList, IssuingError> {
        let ours = match self.known().with_key(key_id) {
            Some(ours) => Arc::clone(ours),
            None => {
                let issuers = self.read().await?;
                Arc::clone(issuers.with_key(key_id).ok_or(IssuingError::UnknownIssuer)?)
            }
        };
        // A list is signed once, however many ask for it.
        let mut list = self.0.lists.of(key_id).lock_owned().await;
        let (from, newest, number) = self.numbered(key_id, &list).await?;
        if (list.from, list.newest, list.number) == (from, newest, number)
            && let Some(signed) = list.signed.get(&partition)
        {
            return Ok(signed.clone());
        }
        let known = list.known_at(from);
        let revoked = if newest.position > known {
            let (db, positions) = (self.0.executor.ledger().db(), (known, newest.position));
            issued_certificates::revoked_between(db, key_id, positions, moment(from)).await?
        } else {
            Vec::new()
        };
        let signing = tokio::task::spawn_blocking(move || {
            list.advance(from, newest, &revoked)?;
            list.renumber(number);
            list.sign(&ours, partition)
        });
        signing
            .await
            .map_err(|error| IssuingError::Stored(error.to_string()))?
    }
}

impl Issuing {
    /// The hour and the last revocation of the list that must be served now, and its number.
    async fn numbered(&self, key_id: &KeyId, list: &List) -> Result<(u64, Newest, i64), IssuingError> {
        let ledger = self.0.executor.ledger();
        for _ in 0..TRIES {
            // The number is read first: a list with a revocation after it must not get this number.
            let last = ledger.list_number(key_id).await?;
            let newest = issued_certificates::newest_revocation(ledger.db(), key_id).await?;
            let from = self.now() / HOUR * HOUR;
            let hour = i64::try_from(from / HOUR).unwrap_or(i64::MAX);
            let is_numbered = (last.position, last.hour) == (newest.position, hour);
            // This node has served such a list. Its number rises with those of the other nodes.
            let is_served = (list.from, list.newest) == (from, newest) && list.number > 0;
            if last.number > 0 && last.position <= newest.position && (is_numbered || is_served) {
                return Ok((from, newest, last.number));
            }
            let proposed = ListNumber {
                number: newest
                    .position
                    .saturating_mul(1 << HOUR_BITS)
                    .saturating_add(hour),
                position: newest.position,
                hour,
            };
            ledger.number_list(key_id, proposed).await?;
        }
        // Either others revoke all the time, or the read model has lost revocations that a list had.
        Err(IssuingError::Unnumbered)
    }
}

impl Lists {
    fn of(&self, key_id: &KeyId) -> Arc<tokio::sync::Mutex<List>> {
        let mut lists = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(lists.entry(key_id.clone()).or_default())
    }
}

impl List {
    /// Up to which position the list has all revocations of certificates that expire at `from` or later. If the clock went back, the
    /// entries that were dropped since must be read again.
    fn known_at(&self, from: u64) -> i64 {
        if from < self.from { 0 } else { self.newest.position }
    }

    /// Makes this the list of the hour that begins at `from`. `revoked` are the revocations after the position that
    /// [`List::known_at`] says, up to `newest`. If this fails, the list stays as it was.
    fn advance(&mut self, from: u64, newest: Newest, revoked: &[Revoked]) -> Result<(), IssuingError> {
        if (self.from, self.newest) == (from, newest) {
            return Ok(());
        }
        let read = revoked.iter().map(encoded).collect::<Result<Vec<_>, _>>()?;
        if from < self.from {
            self.bytes = Vec::new();
            self.entries = Vec::new();
        }
        let is_over = |entry: &Entry| entry.not_after < from;
        if self.entries.iter().any(is_over) {
            self.bytes = self.copy(|entry| !is_over(entry));
            self.entries.retain(|entry| !is_over(entry));
        }
        for (entry, bytes) in read {
            self.entries.push(entry);
            self.bytes.extend_from_slice(&bytes);
        }
        self.from = from;
        self.newest = newest;
        self.signed.clear();
        Ok(())
    }

    /// Gives the list this number.
    fn renumber(&mut self, number: i64) {
        if self.number != number {
            self.number = number;
            self.signed.clear();
        }
    }

    fn sign(&mut self, ours: &OurIssuer, partition: Option<u8>) -> Result<SignedList, IssuingError> {
        let terms = self.terms();
        let signed = match partition {
            None => ours.issuer.crl(&self.bytes, terms, None)?,
            Some(number) => {
                let entries = self.copy(|entry| entry.partition == number);
                ours.issuer.crl(&entries, terms, partition)?
            }
        };
        let signed = SignedList {
            der: signed.into(),
            pem: Arc::default(),
        };
        self.signed.insert(partition, signed.clone());
        Ok(signed)
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

    /// Relying parties may keep the list with the later `this_update`, so a revocation in this hour moves it. A time outside of the
    /// hour comes from a clock that was wrong, or from an earlier hour.
    fn terms(&self) -> CrlTerms {
        let revoked_at = seconds(self.newest.revoked_at.seconds());
        let next = self.from + HOUR;
        CrlTerms {
            number: u64::try_from(self.number).unwrap_or_default(),
            this_update: if (self.from..next).contains(&revoked_at) {
                revoked_at
            } else {
                self.from
            },
            next_update: self.from + LIFE_HOURS * HOUR,
        }
    }
}

/// The entry, and its bytes.
fn encoded(revoked: &Revoked) -> Result<(Entry, Vec<u8>), IssuingError> {
    let serial = pki::Serial::parse(&revoked.serial)
        .ok_or_else(|| IssuingError::Stored("a serial number of another form".to_owned()))?;
    let revoked_at = seconds(revoked.revoked_at.seconds());
    let bytes = pki::entry(serial.octets(), revoked_at, reason(revoked.reason))?;
    let entry = Entry {
        length: u8::try_from(bytes.len()).unwrap_or(u8::MAX),
        partition: partition_of(serial.octets()),
        not_after: seconds(revoked.not_after.seconds()),
    };
    Ok((entry, bytes))
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
