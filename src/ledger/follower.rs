//! Keeps the authorization projection of this process at the head of the ledger, whichever node appends. It also knows
//! how old the projection may be.

use std::{
    sync::{
        Arc, Mutex as BriefLock, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use aggregates::Recorded;
use authorization::Authorization;
use projections::sql::{Boxed, Db, Listener, Reader, Server};
use tokio::sync::{Mutex, Notify, watch};

use super::{
    CHANNEL, Clocks, ERASED_MESSAGE, Filter, Heartbeat, LedgerError, OpenedPages, OtherVersions, Sealer,
    WithCauses,
    error::within,
    feed,
    moment::{Moment, Proven},
    opening::open,
    versions,
};
use crate::clock::Clock;

/// How many events one page has at most.
const PAGE: i64 = 2_000;
/// How long reading a page may take. Appends wait during this time.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long a request that needs the head waits for it.
const ASKERS_PATIENCE: Duration = Duration::from_secs(2);
/// How long the follower waits for a notification before it looks at the ledger by itself. If the notification of
/// another node is lost, that node's revocations count here after this time at the latest.
pub const LOOK_EVERY: Duration = Duration::from_millis(250);
/// How often the follower checks whether a newer program has rebuilt the read models.
const CHECK_VERSIONS_EVERY: Duration = Duration::from_secs(1);
/// How often the log repeats that the ledger still cannot be read.
const COMPLAIN_EVERY: Duration = Duration::from_secs(10);

/// Follows the ledger and applies its events in memory.
pub struct Follower {
    db: Db,
    sealer: Arc<Sealer>,
    authorization: Arc<Authorization>,
    clock: Arc<dyn Clock>,
    heartbeat: Arc<Heartbeat>,
    clocks: Arc<Clocks>,
    /// What feeds the projection. Only one task at a time may use it, so that events are applied in order.
    feeding: Mutex<Feeding>,
    /// How many times the follower has tried to read the ledger to its head.
    looks: AtomicU64,
    /// When and why the last try failed; `None` if it succeeded.
    failed: BriefLock<Option<(Duration, Arc<LedgerError>)>>,
    /// When the last successful try began, and where it read.
    seen: BriefLock<Moment>,
    proven: Proven,
    /// Another node wrote something that this process does not have yet.
    news: Notify,
    /// Reading failed, so the connection that listens may be lost, too.
    listener_lost: Notify,
    grew: watch::Sender<i64>,
}

/// What one look reads with.
struct Feeding {
    reader: Reader,
    /// When this program last fitted the versions of the read models.
    fitted: Option<Duration>,
}

impl Follower {
    pub(super) fn new(
        db: Db,
        sealer: Arc<Sealer>,
        authorization: Arc<Authorization>,
        (clock, heartbeat, clocks): (Arc<dyn Clock>, Arc<Heartbeat>, Arc<Clocks>),
        grew: watch::Sender<i64>,
    ) -> Self {
        Self {
            feeding: Mutex::new(Feeding {
                reader: db.reader(),
                fitted: None,
            }),
            seen: BriefLock::new(Moment {
                at: Duration::ZERO,
                server: db.server(),
            }),
            proven: Proven::default(),
            db,
            sealer,
            authorization,
            clock,
            heartbeat,
            clocks,
            looks: AtomicU64::new(0),
            failed: BriefLock::default(),
            news: Notify::new(),
            listener_lost: Notify::new(),
            grew,
        }
    }

    pub(super) fn authorization(&self) -> &Arc<Authorization> {
        &self.authorization
    }

    /// The time since the beginning of the last look that read the ledger to its head. If no commit of this process was confirmed since
    /// then, the time since the beginning of the last one that was: nobody knows whether the database is still the primary. What was read
    /// at another server than the one in use proves nothing more: a commit here does not say whether that one was still the primary.
    pub(super) fn age(&self) -> Duration {
        // Read `seen` first, then the time: if the process stands still in between, the age comes out too old, never
        // too young.
        let mut seen = *self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.server != self.db.server() {
            seen.at = Duration::ZERO;
        }
        let proven = self.proven.newest(seen.at, self.heartbeat.confirmed());
        self.clock.elapsed().saturating_sub(proven)
    }

    /// Now, and the server that is used now.
    fn moment(&self) -> Moment {
        Moment {
            server: self.db.server(),
            at: self.clock.elapsed(),
        }
    }

    /// Applies the events that this process just committed. If others wrote before it, their events are read first.
    /// Everything that any process had recorded at `begun` comes before these events.
    pub(super) async fn take(&self, events: &[Recorded], begun: Moment) -> Result<(), LedgerError> {
        let Some(first) = events.first() else {
            return Ok(());
        };
        let mut feeding = self.feeding.lock().await;
        if self.authorization.position() < first.position - 1 {
            self.read_to_head(&mut feeding.reader).await?;
            let (position, first) = (self.authorization.position(), first.position);
            if position < first - 1 {
                feeding.reader.abandon();
                self.db.connect_again();
                return Err(LedgerError::Gap { position, first });
            }
        }
        // The projection skips events that it has already.
        self.apply(events);
        // The batch follows the head that it was decided on, so no other process recorded anything between `begun` and its
        // commit.
        if self.saw(begun) {
            self.heartbeat.confirm(begun.at);
        }
        self.tell();
        Ok(())
    }

    /// Notes that nobody knows whether a commit of this process counts; see [`Heartbeat::doubt`].
    pub(super) fn doubt(&self) {
        self.heartbeat.doubt();
    }

    /// Applies everything that is committed by now. Gives up if that takes long, or if it failed a moment ago. Returns
    /// the position that the projection reached.
    pub fn catch_up<'a>(self: &'a Arc<Self>) -> Boxed<'a, Result<i64, LedgerError>> {
        Box::pin(async move {
            if let Some((failed, cause)) = self.last_failure()
                && self.clock.elapsed().saturating_sub(failed) < 2 * LOOK_EVERY
            {
                // The follower's own task keeps trying, so requests need not wait.
                return Err(behind(cause));
            }
            let follower = Arc::clone(self);
            // This runs in a separate task: if one request gives up, the others still wait for the look.
            let look = tokio::spawn(async move { follower.look().await });
            match tokio::time::timeout(ASKERS_PATIENCE, look).await {
                Ok(Ok(looked)) => looked.map(|()| self.authorization.position()),
                Ok(Err(_)) | Err(_) => Err(LedgerError::Behind(None)),
            }
        })
    }

    /// Applies everything that is committed by now. One look serves all requests that asked before it began.
    pub(super) async fn look(&self) -> Result<(), LedgerError> {
        let asked = self.looks.load(Ordering::Acquire);
        let mut feeding = self.feeding.lock().await;
        // If one more look has ended, it may have begun before this request asked. If two have ended, the second one
        // began later, so its result counts here. A failure counts, too: otherwise all requests would wait for a dead
        // database one after the other.
        if self.looks.load(Ordering::Acquire) < asked + 2 {
            let read = self.check_and_read(&mut feeding).await.map_err(Arc::new);
            let failed = read
                .as_ref()
                .err()
                .map(|cause| (self.clock.elapsed(), Arc::clone(cause)));
            *self.failed.lock().unwrap_or_else(PoisonError::into_inner) = failed;
            self.looks.fetch_add(1, Ordering::AcqRel);
            self.tell();
        }
        match self.last_failure() {
            None => Ok(()),
            Some((_, cause)) => Err(behind(cause)),
        }
    }

    /// When and why the last look failed, if it did.
    fn last_failure(&self) -> Option<(Duration, Arc<LedgerError>)> {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reads to the head, and now and then also the versions of the read models.
    async fn check_and_read(&self, feeding: &mut Feeding) -> Result<(), LedgerError> {
        let now = self.clock.elapsed();
        let is_due = |fitted: Duration| now.saturating_sub(fitted) >= CHECK_VERSIONS_EVERY;
        if !feeding.fitted.is_none_or(is_due) {
            return self.read_to_head(&mut feeding.reader).await;
        }
        feeding.fitted = None;
        let checked = within(PATIENCE, versions::check(&mut feeding.reader)).await;
        if let Err(error @ LedgerError::OtherVersions(_)) = checked {
            return Err(error);
        }
        // A node that cannot read the versions still reads the events: among them may be a revocation.
        self.read_to_head(&mut feeding.reader).await?;
        checked?;
        feeding.fitted = Some(now);
        Ok(())
    }

    async fn read_to_head(&self, reader: &mut Reader) -> Result<(), LedgerError> {
        loop {
            let begun = self.moment();
            let from = self.authorization.position();
            let filter = Filter::default();
            let stored = within(PATIENCE, feed::after(reader, from, PAGE, &filter)).await?;
            if !stored.is_empty() {
                let opened = open(reader, &self.sealer, &stored);
                self.apply(&within(PATIENCE, opened).await?);
            }
            if (stored.len() as i64) == PAGE {
                self.read_far().await?;
            } else if self.saw(begun) {
                return Ok(());
            }
        }
    }

    /// Applies the next events up to the first page that is not full. While one page is applied, the next one is read.
    async fn read_far(&self) -> Result<(), LedgerError> {
        let from = self.authorization.position();
        let mut pages = OpenedPages::start(&self.db, &self.sealer, from, i64::MAX, PAGE);
        while let Some(events) = within(PATIENCE, pages.next()).await? {
            self.apply(&events);
            if (events.len() as i64) < PAGE {
                break;
            }
        }
        Ok(())
    }

    fn apply(&self, events: &[Recorded]) {
        self.authorization.apply(events);
        if let Some(last) = events.last() {
            self.clocks.note(last.recorded_at);
        }
    }

    /// Notes that the projection contains everything that was recorded by then. Returns `false` if another server has become the primary since.
    fn saw(&self, begun: Moment) -> bool {
        if begun.server != self.db.server() {
            return false;
        }
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.server != begun.server || seen.at < begun.at {
            *seen = begun;
        }
        self.proven.newest(seen.at, self.heartbeat.confirmed());
        true
    }

    fn tell(&self) {
        let position = self.authorization.position();
        self.grew
            .send_if_modified(|known| std::mem::replace(known, position) != position);
    }

    /// Follows other nodes: listens if the database sends notifications, and looks at the ledger from time to time. Ends
    /// when this program must stop, since a newer one has rebuilt the read models.
    pub async fn run(self: Arc<Self>) -> OtherVersions {
        let listening = async {
            self.keep_listening().await;
            std::future::pending().await
        };
        tokio::select! {
            others = self.keep_looking() => others,
            others = listening => others,
        }
    }

    async fn keep_looking(&self) -> OtherVersions {
        // When the log last said that the ledger cannot be read; `None` while it can.
        let mut complained: Option<Duration> = None;
        loop {
            let server = self.db.server();
            tokio::select! {
                _ = tokio::time::timeout(LOOK_EVERY, self.news.notified()) => {}
                // What was read before counts no more.
                () = self.db.moved_from(server) => {}
            }
            let now = self.clock.elapsed();
            match (self.look().await, complained) {
                (Ok(()), None) => {}
                (Ok(()), Some(_)) => {
                    tracing::info!("the ledger can be read again");
                    complained = None;
                }
                (Err(LedgerError::OtherVersions(others)), _) => return others,
                (Err(error), said) => {
                    self.listener_lost.notify_one();
                    if said.is_none_or(|said| now.saturating_sub(said) >= COMPLAIN_EVERY) {
                        let age = self.age();
                        tracing::warn!(error = %WithCauses(&error), ?age, "cannot read the ledger; trying again every {LOOK_EVERY:?}");
                        complained = Some(now);
                    }
                }
            }
        }
    }

    async fn keep_listening(&self) {
        let mut complained = false;
        loop {
            let server = self.db.server();
            let listening = async { Ok(self.db.listen(CHANNEL).await?) };
            let failed = match within(PATIENCE, listening).await {
                // This database has no other processes.
                Ok(None) => return,
                Ok(Some(listener)) => {
                    complained = false;
                    // Until now this process did not hear which keys were erased, or what was written.
                    self.sealer.forget_all();
                    self.news.notify_one();
                    self.listen_to(listener, server).await
                }
                Err(error) => Some(error),
            };
            // If the database is gone, the looks fail too, and their task logs it.
            if let Some(error) = failed
                && !complained
                && self.look().await.is_ok()
            {
                complained = true;
                tracing::warn!(error = %WithCauses(&error), "cannot listen for other nodes; looking every {LOOK_EVERY:?}");
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Listens until the connection is lost, and returns the cause. Returns `None` if, before that, reading the ledger failed or another
    /// server became the primary.
    async fn listen_to(&self, mut listener: Listener, server: Server) -> Option<LedgerError> {
        loop {
            let told = tokio::select! {
                told = listener.try_recv() => told,
                () = self.listener_lost.notified() => return None,
                () = self.db.moved_from(server) => return None,
            };
            let message = match told {
                Ok(Some(message)) => message,
                // The pool that the connection came from is closed.
                Ok(None) | Err(_) if self.db.server() != server => return None,
                Ok(None) => return Some(LedgerError::NotListening),
                Err(error) => return Some(error.into()),
            };
            if let Some(subject) = message.payload().strip_prefix(ERASED_MESSAGE) {
                self.sealer.forget(subject);
            }
            let own = message.payload().parse::<i64>();
            if own.is_ok_and(|position| position <= self.authorization.position()) {
                continue;
            }
            self.news.notify_one();
        }
    }

    /// Closes the connection of the reader.
    pub(super) async fn close(&self) {
        self.feeding.lock().await.reader.close().await;
    }
}

/// The error of a look that failed, or of one that shares the failure.
fn behind(cause: Arc<LedgerError>) -> LedgerError {
    match &*cause {
        LedgerError::OtherVersions(others) => LedgerError::OtherVersions(others.clone()),
        _ => LedgerError::Behind(Some(cause)),
    }
}
