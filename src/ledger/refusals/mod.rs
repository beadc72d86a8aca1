//! Refused logins, credentials and permissions, as evidence for auditors.
//!
//! A refusal is counted in memory. A task of its own stores the counts in the table `refusals`: new rows within two seconds, and rows that
//! grow every ten seconds. No request waits for it. The rows are apart from the chain of events
//! (docs/decisions/0025-refusals-as-evidence.md). A row counts the refusals of one process in one minute that do not differ. It is always
//! written with its whole count, so writing it again changes nothing.

mod attempts;
mod buffer;
mod certain;
mod columns;
mod keep;
mod names;
mod network;
mod overdue;
mod read;
mod refused;
mod store;

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use projections::sql::Db;
use tokio::{
    sync::Notify,
    time::{MissedTickBehavior, interval, sleep, timeout},
};

use super::{Appender, Ledger, Sealer, WithCauses, clock::Clock, ids::Entropy};

use attempts::Attempts;
use buffer::{Buffer, Grown, Limits};
use certain::Certain;
use keep::Room;
use names::Periods;

pub use keep::Keeping;
pub use network::network_of;
pub use overdue::Overdue;
pub use read::{Kept, Names};
pub use refused::{Object, Refused, RefusedKind};
pub use store::Recent;
pub(super) use {
    read::{Below, Closed},
    store::{forget, in_few_sizes},
};

/// How long new rows wait in memory until they are stored together.
const STORE_EVERY: Duration = Duration::from_secs(1);
/// How often rows that have grown are stored again.
const GROWN_EVERY: Duration = Duration::from_secs(10);
/// How often old rows and keys are deleted.
const TIDY_EVERY: Duration = Duration::from_secs(60);
/// How long storing may take when the ledger is closed.
const LAST_STORE: Duration = Duration::from_secs(5);

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
    certain: Certain,
    /// One task at a time stores.
    storing: tokio::sync::Mutex<()>,
    noted: Notify,
    closing: Notify,
}

impl Ledger {
    /// What was refused; see [`Refusals::run`].
    pub fn refusals(&self) -> &Arc<Refusals> {
        &self.refusals
    }
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
            certain: Certain::default(),
            storing: tokio::sync::Mutex::new(()),
            noted: Notify::new(),
            closing: Notify::new(),
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
        let keep = async { tokio::join!(self.keep_storing(), self.keep_tidy(&keeping)) };
        tokio::select! {
            _ = keep => {}
            () = self.closing.notified() => {}
        }
    }

    /// Stores new rows soon, and rows that have grown now and then. If the database refuses, waits longer each time.
    async fn keep_storing(&self) {
        let mut attempts = Attempts::default();
        let mut grown = interval(GROWN_EVERY);
        grown.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // The first tick comes at once.
        grown.tick().await;
        loop {
            let which = tokio::select! {
                biased;
                _ = grown.tick() => Grown::All,
                () = self.noted.notified() => {
                    sleep(STORE_EVERY).await;
                    Grown::OfOtherMinutes
                }
            };
            let stored = self.store_with(which, attempts.failed()).await;
            let pause = attempts.ended(self, stored.err().as_ref());
            sleep(pause).await;
        }
    }

    /// Deletes what is too old, and the oldest rows if there are too many.
    async fn keep_tidy(&self, keeping: &Keeping) {
        let mut every = interval(TIDY_EVERY);
        every.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            every.tick().await;
            if let Err(error) = self.tidy(keeping).await {
                tracing::warn!(error = %WithCauses(&error), "cannot delete old refusals now; trying again in a minute");
            }
        }
    }

    /// Stores what is in memory for the last time.
    pub(super) async fn close(&self) {
        self.closing.notify_one();
        let refused = match timeout(LAST_STORE, self.store()).await {
            Ok(Ok(())) => return,
            Ok(Err(error)) => Some(error),
            Err(_elapsed) => None,
        };
        let rows = self.buffer().waiting();
        match refused {
            Some(error) => {
                tracing::warn!(rows, error = %WithCauses(&error), "refusals are lost: the database does not take them");
            }
            None => tracing::warn!(rows, "refusals are lost: the database does not answer in time"),
        }
    }

    fn buffer(&self) -> MutexGuard<'_, Buffer> {
        self.buffer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
