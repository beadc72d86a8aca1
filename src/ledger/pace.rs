//! Chooses whether a batch is decided without the lock or under it, and counts which way batches went.
//!
//! A process that writes alone always finds the head where it left it, so it decides without the lock. If other processes
//! write, too, most of its decisions would be in vain. Under the lock, each process gets its turn and always makes progress.
//! So a process goes under the lock as soon as it finds that another process has moved the head. It decides without the lock
//! again once enough batches in a row find the head where this process left it. One batch is enough at first. If the process
//! then misses the head again soon, another one writes now and then, and twice as many are needed the next time.

use std::{
    fmt,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
};

/// The highest number of batches for which a process stays under the lock after a refusal. The number doubles with each
/// refusal in a row.
const LONGEST_REST: u32 = 1_024;

/// The highest number of batches in a row that must find the head in its place before a process leaves the lock.
const MOST_PROOFS: u32 = 64;
/// If so many batches land without the lock, a process was alone: the next time, one proof is enough again.
const SECLUDED: u32 = 64;

/// Why a batch was decided and written under the lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Because {
    /// [`Paths::stay_locked`] was called.
    Asked,
    /// This process did not know the head.
    HeadUnknown,
    /// Another process wrote, too.
    NotAlone,
    /// This batch could not be decided or written without the lock, or the database refused another batch a short time ago.
    Refused,
    /// The batch has more events, claims and counts than the memory can keep for certain.
    Large,
    /// No unit of the batch records an event. So nothing is written, and no statement compares the head.
    NothingToWrite,
}

impl Because {
    /// All reasons.
    pub const ALL: [Self; 6] = [
        Self::Asked,
        Self::HeadUnknown,
        Self::NotAlone,
        Self::Refused,
        Self::Large,
        Self::NothingToWrite,
    ];
}

/// How many batches went which way since the process started.
#[derive(Debug, Default)]
pub struct Paths {
    sent: AtomicU64,
    landed: AtomicU64,
    overlapped: AtomicU64,
    locked: [AtomicU64; Because::ALL.len()],
    stay_locked: AtomicBool,
}

impl Paths {
    /// Batches that were decided without the lock and written.
    pub fn fast(&self) -> u64 {
        self.landed.load(Ordering::Relaxed)
    }

    /// Batches that were decided without the lock and sent to the database, whether they were written or not.
    pub fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// Batches that were decided while the one before was in flight.
    pub fn overlapped(&self) -> u64 {
        self.overlapped.load(Ordering::Relaxed)
    }

    /// Batches that were decided and written under the lock for this reason.
    pub fn locked(&self, because: Because) -> u64 {
        self.of(because).map_or(0, |count| count.load(Ordering::Relaxed))
    }

    /// From now on, all batches are decided and written under the lock.
    pub fn stay_locked(&self) {
        self.stay_locked.store(true, Ordering::Relaxed);
    }

    pub(super) fn stays_locked(&self) -> bool {
        self.stay_locked.load(Ordering::Relaxed)
    }

    pub(super) fn count_sent(&self) {
        self.sent.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn count_landed(&self) {
        self.landed.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn count_overlapped(&self) {
        self.overlapped.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn count_locked(&self, because: Because) {
        if let Some(count) = self.of(because) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn of(&self, because: Because) -> Option<&AtomicU64> {
        let mut counts = Because::ALL.iter().zip(&self.locked);
        counts.find_map(|(other, count)| (*other == because).then_some(count))
    }
}

/// One line for the log: `decided without the lock: 12 landed of 13 sent, 4 overlapped; under the lock: 2 not alone, 1 refused`
impl fmt::Display for Paths {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (landed, sent, overlapped) = (self.fast(), self.sent(), self.overlapped());
        write!(
            to,
            "decided without the lock: {landed} landed of {sent} sent, {overlapped} overlapped; under the lock:"
        )?;
        let counts = Because::ALL.map(|because| (because, self.locked(because)));
        let mut separator = " ";
        for (because, count) in counts.into_iter().filter(|(_, count)| *count > 0) {
            write!(to, "{separator}{count} {because}")?;
            separator = ", ";
        }
        if separator == " " {
            to.write_str(" 0")?;
        }
        Ok(())
    }
}

impl fmt::Display for Because {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(match self {
            Self::Asked => "asked",
            Self::HeadUnknown => "head unknown",
            Self::NotAlone => "not alone",
            Self::Refused => "refused",
            Self::Large => "large",
            Self::NothingToWrite => "nothing to write",
        })
    }
}

/// Which way the next batch goes.
#[derive(Debug)]
pub(super) struct Pace {
    /// Whether this process seems to be the only one that writes.
    alone: bool,
    /// How many batches in a row found the head where this process had left it, since it last found the head elsewhere.
    proofs: u32,
    /// How many of them are needed before it decides without the lock.
    needed: u32,
    /// How many batches landed without the lock since then.
    landed: u32,
    /// How many batches in a row the database refused.
    refusals: u32,
    /// How many batches must go under the lock before the next try.
    rest: u32,
}

impl Pace {
    /// The pace of a process that has just started. It first decides without the lock.
    pub(super) fn new() -> Self {
        Self {
            alone: true,
            proofs: 0,
            needed: 1,
            landed: 0,
            refusals: 0,
            rest: 0,
        }
    }

    /// Why the next batch must go under the lock; `None` if it may be decided without the lock.
    pub(super) fn locked(&self) -> Option<Because> {
        if !self.alone {
            Some(Because::NotAlone)
        } else if self.rest > 0 {
            Some(Because::Refused)
        } else {
            None
        }
    }

    /// A batch goes under the lock because [`Pace::locked`] says so. If the reason was a refusal, one batch fewer must go there.
    pub(super) fn obeyed(&mut self) {
        if self.alone {
            self.rest = self.rest.saturating_sub(1);
        }
    }

    /// Whether the next batch is likely to be decided without the lock.
    pub(super) fn is_alone(&self) -> bool {
        self.alone && self.rest == 0
    }

    /// A batch that was decided without the lock has landed.
    pub(super) fn landed(&mut self) {
        self.refusals = 0;
        self.landed = self.landed.saturating_add(1);
        if self.landed >= SECLUDED {
            self.needed = 1;
        }
    }

    /// The comparison found the head moved.
    pub(super) fn missed(&mut self) {
        if self.alone && self.landed < SECLUDED {
            self.needed = (2 * self.needed).min(MOST_PROOFS);
        }
        self.found(false);
    }

    /// The database refused a batch that was decided without the lock.
    pub(super) fn refused(&mut self) {
        self.rest = 1_u32
            .checked_shl(self.refusals)
            .unwrap_or(LONGEST_REST)
            .min(LONGEST_REST);
        self.refusals = self.refusals.saturating_add(1);
    }

    /// A batch under the lock found the head where this process had left it, or elsewhere.
    pub(super) fn found(&mut self, in_place: bool) {
        if !in_place {
            self.alone = false;
            self.proofs = 0;
        } else if !self.alone {
            self.proofs += 1;
            if self.proofs >= self.needed {
                self.alone = true;
                self.landed = 0;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_fast_only_while_it_writes_alone() {
        let mut pace = Pace::new();
        assert_eq!(pace.locked(), None);
        pace.found(false);
        assert_eq!(pace.locked(), Some(Because::NotAlone));
        pace.found(true);
        assert_eq!(pace.locked(), None);
        for _ in 0..SECLUDED {
            pace.landed();
        }
        assert_eq!(pace.locked(), None);
        pace.missed();
        assert_eq!(pace.locked(), Some(Because::NotAlone));
        pace.found(true);
        assert_eq!(pace.locked(), None);
    }

    #[test]
    fn a_process_that_misses_soon_needs_more_proofs() {
        let mut pace = Pace::new();
        let mut proofs = Vec::new();
        for landed in [SECLUDED, 0, 3, SECLUDED - 1, 0, 0, 0, 0, 0, SECLUDED] {
            for _ in 0..landed {
                pace.landed();
            }
            pace.missed();
            // One batch of another process begins the count anew.
            pace.found(true);
            pace.found(false);
            let mut needed = 0;
            while pace.locked() == Some(Because::NotAlone) {
                pace.found(true);
                needed += 1;
            }
            proofs.push(needed);
        }
        assert_eq!(proofs, [1, 2, 4, 8, 16, 32, 64, 64, 64, 1]);
    }

    #[test]
    fn after_each_refusal_in_a_row_the_rest_is_longer() {
        let mut pace = Pace::new();
        let mut rests = Vec::new();
        for _ in 0..40 {
            pace.refused();
            let mut rest = 0;
            while pace.locked() == Some(Because::Refused) {
                pace.obeyed();
                rest += 1;
            }
            rests.push(rest);
        }
        assert_eq!(rests.get(..4), Some([1, 2, 4, 8].as_slice()));
        assert_eq!(rests.last(), Some(&LONGEST_REST));
        pace.landed();
        pace.refused();
        assert_eq!(pace.locked(), Some(Because::Refused));
        pace.found(false);
        pace.obeyed();
        pace.found(true);
        assert_eq!(
            pace.locked(),
            Some(Because::Refused),
            "this batch went under the lock for another reason"
        );
        pace.obeyed();
        assert_eq!(pace.locked(), None);
    }

    #[test]
    fn each_batch_is_counted_once() {
        let paths = Paths::default();
        paths.count_sent();
        paths.count_sent();
        paths.count_overlapped();
        paths.count_landed();
        for because in Because::ALL {
            paths.count_locked(because);
        }
        assert_eq!((paths.sent(), paths.overlapped(), paths.fast()), (2, 1, 1));
        assert!(Because::ALL.iter().all(|because| paths.locked(*because) == 1));
    }

    #[test]
    fn the_log_says_which_way_batches_went() {
        let paths = Paths::default();
        let none = "decided without the lock: 0 landed of 0 sent, 0 overlapped; under the lock: 0";
        assert_eq!(paths.to_string(), none);
        for _ in 0..3 {
            paths.count_sent();
            paths.count_locked(Because::NotAlone);
        }
        paths.count_landed();
        paths.count_landed();
        paths.count_overlapped();
        paths.count_locked(Because::Large);
        assert_eq!(
            paths.to_string(),
            "decided without the lock: 2 landed of 3 sent, 1 overlapped; under the lock: 3 not alone, 1 large"
        );
    }
}
