//! Keeps the authorization projection of this process at the ledger's head, whoever appends.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use aggregates::Recorded;
use projections::{
    authorization::Authorization,
    sql::{Db, Listener},
};
use tokio::sync::{Mutex, watch};

use super::{CHANNEL, ERASED_MESSAGE, Filter, LedgerError, Sealer, error::within, feed};

/// How many events are taken at once.
const PAGE: i64 = 2_000;
/// How long reading a page may take. Appends wait for it.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long without being told before it looks by itself: the bound on how late another node's revocation is
/// seen when its notification is lost.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// Follows the ledger into memory.
pub struct Follower {
    db: Db,
    sealer: Arc<Sealer>,
    authorization: Arc<Authorization>,
    /// One hand at a time feeds the projection, so that it takes events in order.
    feeding: Mutex<()>,
    /// How many times it was tried to read the ledger to its head.
    looks: AtomicU64,
    /// Whether the last try failed.
    failed: AtomicBool,
    grew: watch::Sender<i64>,
}

impl Follower {
    pub(super) fn new(
        db: Db,
        sealer: Arc<Sealer>,
        authorization: Arc<Authorization>,
        grew: watch::Sender<i64>,
    ) -> Self {
        Self {
            db,
            sealer,
            authorization,
            feeding: Mutex::new(()),
            looks: AtomicU64::new(0),
            failed: AtomicBool::new(false),
            grew,
        }
    }

    pub(super) fn authorization(&self) -> &Arc<Authorization> {
        &self.authorization
    }

    /// Takes what this process just committed. If others wrote before it, their events are read first.
    pub(super) async fn take(&self, events: &[Recorded]) -> Result<(), LedgerError> {
        let Some(first) = events.first() else {
            return Ok(());
        };
        let _feeding = self.feeding.lock().await;
        if self.authorization.position() < first.position - 1 {
            self.read_to_head().await?;
        }
        // Those read already are skipped by the projection.
        self.authorization.apply(events);
        self.tell();
        Ok(())
    }

    /// Takes everything that is committed by now. Answers the position reached. Many who ask at once are served by one
    /// look that begins after they asked.
    pub async fn catch_up(&self) -> Result<i64, LedgerError> {
        let asked = self.looks.load(Ordering::Acquire);
        let _feeding = self.feeding.lock().await;
        // One more may be of a look that was under way when this was asked; of two, the second began since. Its failure is
        // shared, too: else those who wait for a database that is gone would wait one after the other.
        if self.looks.load(Ordering::Acquire) < asked + 2 {
            let read = self.read_to_head().await;
            self.failed.store(read.is_err(), Ordering::Release);
            self.looks.fetch_add(1, Ordering::AcqRel);
            self.tell();
            read?;
        } else if self.failed.load(Ordering::Acquire) {
            return Err(LedgerError::Behind);
        }
        Ok(self.authorization.position())
    }

    async fn read_to_head(&self) -> Result<(), LedgerError> {
        loop {
            let from = self.authorization.position();
            let filter = Filter::default();
            let stored = within(PATIENCE, feed::after(&self.db, from, PAGE, &filter)).await?;
            if stored.is_empty() {
                return Ok(());
            }
            let open = feed::open(&self.db, &self.sealer, &stored);
            self.authorization.apply(&within(PATIENCE, open).await?);
        }
    }

    fn tell(&self) {
        let position = self.authorization.position();
        self.grew
            .send_if_modified(|known| std::mem::replace(known, position) != position);
    }

    /// Follows other nodes until the process ends: listens where the engine can tell, and looks from time to time.
    pub async fn run(self: Arc<Self>) {
        let mut listener = None;
        loop {
            if listener.is_none() {
                listener = self.listen().await;
            }
            let told = match &mut listener {
                Some(listener) => tokio::time::timeout(LOOK_EVERY, listener.try_recv()).await,
                None => {
                    tokio::time::sleep(LOOK_EVERY).await;
                    continue_looking(&self).await;
                    continue;
                }
            };
            match told {
                Ok(Ok(None)) => {
                    tracing::warn!("lost the connection that listens for other nodes");
                    listener = None;
                }
                Ok(Ok(Some(message))) => {
                    let own = message.payload().parse::<i64>();
                    if own.is_ok_and(|position| position <= self.authorization.position()) {
                        continue;
                    }
                    if let Some(subject) = message.payload().strip_prefix(ERASED_MESSAGE) {
                        self.sealer.forget(subject);
                    }
                }
                Ok(Err(error)) => {
                    tracing::warn!(%error, "lost the connection that listens for other nodes");
                    listener = None;
                }
                Err(_elapsed) => {}
            }
            continue_looking(&self).await;
        }
    }

    async fn listen(&self) -> Option<Listener> {
        match self.db.listen(CHANNEL).await {
            Ok(listener) => {
                if listener.is_some() {
                    // Until now nobody told this process whose keys were erased.
                    self.sealer.forget_all();
                }
                listener
            }
            Err(error) => {
                tracing::warn!(%error, "cannot listen for other nodes; looking every {LOOK_EVERY:?}");
                None
            }
        }
    }
}

async fn continue_looking(follower: &Follower) {
    if let Err(error) = follower.catch_up().await {
        tracing::warn!(%error, "cannot read what other nodes wrote");
    }
}
