//! OCSP answers that are used again. An answer that a certificate is good counts only as long as its user holds the certificate, so this
//! process uses none again after it has learned of the revocation.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::{Issuing, answers::ANSWER_LIFE, statuses::Known};

/// The most answers that are kept. Together they have some megabytes.
const MOST: usize = 4_096;
/// For how many seconds an answer is used again. Relying parties may use it for twice as long.
const REUSED_FOR: u64 = ANSWER_LIFE / 2;

/// The answers, by the bytes that name the certificate.
#[derive(Default)]
pub(super) struct Reused(Mutex<HashMap<Vec<u8>, Kept>>);

struct Kept {
    der: Arc<Vec<u8>>,
    known: Known,
    signed_at: u64,
}

impl Reused {
    fn kept(&self) -> MutexGuard<'_, HashMap<Vec<u8>, Kept>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Issuing {
    /// An answer that still counts, and until when relying parties may use it.
    pub(super) fn reused(&self, id: &[u8], now: u64) -> Option<(Arc<Vec<u8>>, u64)> {
        let kept = self.0.reused.kept();
        let found = kept.get(id)?;
        let is_current = (found.signed_at..found.signed_at + REUSED_FOR).contains(&now);
        (is_current && self.counts(&found.known))
            .then(|| (Arc::clone(&found.der), found.signed_at + ANSWER_LIFE))
    }

    /// Keeps an answer.
    pub(super) fn reuse(&self, id: Vec<u8>, der: &Arc<Vec<u8>>, known: Known, now: u64) {
        let mut kept = self.0.reused.kept();
        if kept.len() >= MOST && !kept.contains_key(&id) {
            kept.clear();
        }
        let kept_now = Kept {
            der: Arc::clone(der),
            known,
            signed_at: now,
        };
        kept.insert(id, kept_now);
    }
}
