//! Refused logins, credentials and permissions, as evidence for auditors.
//!
//! A refusal is counted in memory. A task of its own stores the counts, once a second, in the table `refusals`: no request waits for it. The
//! rows are apart from the chain of events (docs/decisions/0025-refusals-as-evidence.md). A row counts the refusals of one process in one
//! minute that do not differ. It is always written with its whole count, so writing it again changes nothing.

mod buffer;
mod keep;
mod names;
mod read;
mod refused;
mod store;

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError, atomic::AtomicBool},
    time::Duration,
};

use projections::sql::Db;
use tokio::sync::Notify;

use super::{Appender, LedgerError, Sealer, WithCauses, clock::Clock, ids::Entropy};

use buffer::{Buffer, Limits};
use keep::Room;
use names::Periods;

pub use keep::Keeping;
pub use read::{Kept, Names};
pub use refused::{Object, Refused, RefusedKind};
pub use store::Recent;
pub(super) use {read::Below, store::forget};

/// How long refusals wait in memory until they are stored together.
const STORE_EVERY: Duration = Duration::from_secs(1);
/// How often old rows and keys are deleted, and how often the log may complain.
const TIDY_EVERY: Duration = Duration::from_secs(60);

/// Keeps refusals: counts them in memory, and stores the counts.
pub struct Refusals {
    db: Db,
    appender: Appender,
    sealer: Arc<Sealer>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    buffer: Mutex<Buffer>,
    periods: Periods,
    room: Room,
    /// One task at a time stores.
    storing: tokio::sync::Mutex<()>,
    noted: Notify,
    is_closed: AtomicBool,
}

impl Refusals {
    pub(super) fn new(
        db: Db,
        appender: Appender,
        sealer: Arc<Sealer>,
        (clock, entropy): (Arc<dyn Clock>, Arc<dyn Entropy>),
    ) -> Self {
        Self {
            db,
            appender,
            sealer,
            clock,
            entropy,
            buffer: Mutex::new(Buffer::new(Limits::SERVER)),
            periods: Periods::default(),
            room: Room::default(),
            storing: tokio::sync::Mutex::new(()),
            noted: Notify::new(),
            is_closed: AtomicBool::new(false),
        }
    }

    /// Counts a refusal. It neither waits nor fails: what finds no place in memory is counted as lost.
    pub fn note(&self, refused: Refused) {
        let now = self.clock.now().micros();
        self.buffer().note(refused, now, || self.entropy.uuid());
        self.noted.notify_one();
    }

    /// How many refusals this process did not keep one by one: those that were rolled up because they were too many, and those that
    /// were lost.
    pub fn excess(&self) -> (u64, u64) {
        self.buffer().excess()
    }

    /// Stores refusals as they come, and deletes what is too old, until the ledger is closed.
    pub async fn run(self: Arc<Self>, keeping: Keeping) {
        let mut tidied = None;
        let mut complaint = Complaint::default();
        while !self.is_closed() {
            let _ = tokio::time::timeout(TIDY_EVERY, self.noted.notified()).await;
            tokio::time::sleep(STORE_EVERY).await;
            if self.is_closed() {
                return;
            }
            let stored = self.store().await;
            let now = self.clock.elapsed();
            complaint.tell(&self, stored.as_ref().err(), now);
            let is_time = tidied.is_none_or(|at| now.saturating_sub(at) >= TIDY_EVERY);
            if stored.is_ok() && is_time {
                tidied = Some(now);
                if let Err(error) = self.tidy(&keeping).await {
                    tracing::debug!(error = %WithCauses(&error), "cannot delete old refusals now");
                }
            }
        }
    }

    /// Stores what is in memory for the last time.
    pub(super) async fn close(&self) {
        self.is_closed.store(true, std::sync::atomic::Ordering::Relaxed);
        self.noted.notify_one();
        if let Err(error) = self.store().await {
            let rows = self.buffer().waiting();
            tracing::warn!(rows, error = %WithCauses(&error), "refusals are lost, since they cannot be stored");
        }
    }

    fn is_closed(&self) -> bool {
        self.is_closed.load(std::sync::atomic::Ordering::Relaxed)
    }

    fn buffer(&self) -> MutexGuard<'_, Buffer> {
        self.buffer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the log already says about refusals. It has at most one line a minute about each kind of trouble.
#[derive(Default)]
struct Complaint {
    /// When it was last said that refusals cannot be stored.
    failed: Option<Duration>,
    /// When it was last said that there are too many, and how many had been rolled up and lost then.
    many: Option<Duration>,
    excess: (u64, u64),
}

impl Complaint {
    fn tell(&mut self, refusals: &Refusals, error: Option<&LedgerError>, now: Duration) {
        let is_time = |said: Option<Duration>| said.is_none_or(|at| now.saturating_sub(at) >= TIDY_EVERY);
        if let Some(error) = error
            && is_time(self.failed)
        {
            self.failed = Some(now);
            let rows = refusals.buffer().waiting();
            tracing::warn!(rows, error = %WithCauses(error), "refusals cannot be stored now; they wait in memory");
        }
        let (rolled, lost) = refusals.excess();
        if (rolled, lost) != self.excess && is_time(self.many) {
            let (rolled, lost) = (rolled - self.excess.0, lost - self.excess.1);
            self.many = Some(now);
            self.excess = refusals.excess();
            tracing::warn!(
                rolled,
                lost,
                "too many refusals to keep each name and address of them"
            );
        }
    }
}
