//! The appender writes units to the ledger. Each process has one; it commits many units together.
//!
//! Units wait in a queue. The appender takes the waiting units as a batch, judges the conflicts and claims of each unit, and
//! writes events, claims and read models. If it can, it decides a batch without a lock. The batch is then written only if the
//! head has not moved, and the appender may decide the next batch while this one is being written. In all other cases it
//! decides and writes under the head's lock. See docs/decisions/0013-decide-without-the-lock.md.

use std::{sync::Arc, time::Duration};

use aggregates::Recorded;
use projections::{
    read_models,
    sql::{Db, Reader, Writer},
};
use tokio::sync::{mpsc, oneshot, watch};

use super::{
    AppendError, CHANNEL, Cause, ERASED_MESSAGE, Follower, Head, LedgerError, Sealer, Unit, WithCauses,
    background::keep_running,
    batch::{Batch, Batches, Decided},
    claims,
    error::{Obstacle, within},
    landing::{Flight, Landing, Load},
    moment::Moment,
    overlap::{Crew, Fate, fly},
    pace::{Because, Pace, Paths},
    pending::{BATCH, Pending, Waiting},
    reached::Reached,
    refusals,
    rhythm::Rhythm,
    snapshots, versions,
};

/// How many units may wait before callers wait to be let in.
const QUEUE: usize = 8_192;
/// How long a batch may take until its commit is confirmed.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);
/// If no message comes for so long, the measurement of how fast batches land begins anew.
const PAUSE: Duration = Duration::from_millis(10);
/// The events of a unit that was appended.
#[derive(Clone, Debug)]
pub struct Appended {
    /// The recorded events, in order; empty if the unit had no events.
    pub events: Vec<Recorded>,
    /// The position of the last event; if the unit had no events, the position of the head.
    pub position: i64,
}

pub(super) type Answer = oneshot::Sender<Result<Appended, AppendError>>;
pub(super) type Outcomes = Vec<Result<Appended, AppendError>>;

/// Sends units to the appending task.
#[derive(Clone)]
pub struct Appender {
    pub(super) queue: mpsc::Sender<Waiting>,
    paths: Arc<Paths>,
}

impl Appender {
    pub(super) fn start(
        db: Db,
        batches: Batches,
        sealer: Arc<Sealer>,
        follower: Arc<Follower>,
        reached: Arc<Reached>,
    ) -> Self {
        let (queue, waiting) = mpsc::channel(QUEUE);
        let (told, tell) = watch::channel(0);
        let others = db.clone();
        keep_running("notify other nodes", move || {
            notify_others(others.clone(), tell.clone())
        });
        let paths = Arc::new(Paths::default());
        let task = Task {
            writer: db.writer(),
            reader: db.reader(),
            pace: Pace::new(),
            rhythm: Rhythm::new(),
            callers: 1,
            paths: Arc::clone(&paths),
            batches,
            sealer,
            follower,
            reached,
            told,
        };
        tokio::spawn(task.run(waiting));
        Self { queue, paths }
    }

    /// How many batches went which way.
    pub(super) fn paths(&self) -> &Paths {
        &self.paths
    }

    /// How many messages the appender has not yet taken from its queue.
    pub(super) fn waiting(&self) -> usize {
        self.queue.max_capacity() - self.queue.capacity()
    }

    pub(super) async fn append(&self, unit: Unit) -> Result<Appended, AppendError> {
        let (answer, answered) = oneshot::channel();
        self.queue
            .send(Waiting::Unit(Box::new(unit), answer))
            .await
            .map_err(|_| Obstacle::Closed)?;
        answered.await.map_err(|_| Obstacle::Closed)?
    }

    /// Erases a person; see [`super::Ledger::erase_subject`].
    pub(super) async fn erase(&self, subject: &str) -> Result<bool, AppendError> {
        let (answer, answered) = oneshot::channel();
        self.queue
            .send(Waiting::Erase(subject.to_owned(), answer))
            .await
            .map_err(|_| Obstacle::Closed)?;
        answered.await.map_err(|_| Obstacle::Closed)?
    }

    /// Ends when the appending task is gone.
    pub(super) async fn gone(&self) {
        self.queue.closed().await;
    }

    /// Accepts no more units and waits until all waiting units are answered.
    pub(super) async fn drain(&self) {
        let (done, all_done) = oneshot::channel();
        if self.queue.send(Waiting::Close(done)).await.is_ok() {
            let _ = all_done.await;
        }
    }
}

/// Writes what waits in the queue.
pub(super) struct Task {
    pub(super) writer: Writer,
    /// Reads committed rows, for decisions without the lock.
    pub(super) reader: Reader,
    pub(super) batches: Batches,
    pub(super) pace: Pace,
    pub(super) rhythm: Rhythm,
    /// About how many callers append at the same time: those of the last batch and of the one that waited behind it.
    pub(super) callers: usize,
    pub(super) paths: Arc<Paths>,
    sealer: Arc<Sealer>,
    pub(super) follower: Arc<Follower>,
    reached: Arc<Reached>,
    /// Passes the position of the head to the task that notifies other nodes.
    told: watch::Sender<i64>,
}

impl Task {
    async fn run(mut self, mut queue: mpsc::Receiver<Waiting>) {
        let mut pending = Pending::default();
        loop {
            // If all callers were in one batch, no batch could be decided while it is in flight.
            let enough = if self.rhythm.overlaps() && self.pace.is_alone() && !self.paths.stays_locked() {
                self.callers.div_ceil(2).clamp(1, BATCH)
            } else {
                BATCH
            };
            let idle = self.batches.elapsed();
            if pending.len() == 0 && !pending.receive(&mut queue, enough).await {
                return;
            }
            if self.batches.elapsed().saturating_sub(idle) > PAUSE {
                self.rhythm.paused();
            }
            pending.receive_the_rest(&mut queue, enough).await;
            let load = pending.take_batch();
            if !load.units.is_empty() {
                self.append(load, &mut pending, &mut queue).await;
            }
            if !pending.load.units.is_empty() {
                // These units came while the appender wrote the others, or did not fit into the batch.
                continue;
            }
            for (subject, answer) in std::mem::take(&mut pending.erasures) {
                let erased = within(PATIENCE, self.erase(&subject)).await;
                if erased.is_err() {
                    self.writer.abandon();
                }
                log_unheard(unheard(answer, erased.map_err(AppendError::from)));
            }
            self.run_all_beside(&mut pending).await;
            if let Some(done) = pending.closing {
                queue.close();
                self.writer.close().await;
                self.reader.close().await;
                let _ = done.send(());
                return;
            }
        }
    }

    /// Writes units. If more units come meanwhile, it may decide them as the next batch while this one is being written, and
    /// so on.
    async fn append(&mut self, load: Load, pending: &mut Pending, queue: &mut mpsc::Receiver<Waiting>) {
        let writes = load.units.iter().any(|unit| !unit.events.is_empty());
        if writes && let Err(off) = self.batches.may_write() {
            return self.fail(load, off.into());
        }
        match self.decide(&load.units, None).await {
            Decided::Ready(batch) => {
                let mut overlapping = Overlapping {
                    task: self,
                    pending,
                    queue,
                };
                fly(&mut overlapping, Next { batch, load }).await;
            }
            Decided::Wait => self.append_locked(load, Because::HeadUnknown).await,
            Decided::Locked(because) => self.append_locked(load, because).await,
        }
    }

    /// Waits until the writing of a batch has ended. If enough units come meanwhile, decides the next batch.
    async fn until_landed(
        &mut self,
        flight: &mut Flight,
        pending: &mut Pending,
        queue: &mut mpsc::Receiver<Waiting>,
    ) -> (Landing, Option<Next>) {
        // Without this limit, a few early units would be a batch of their own. The groups of callers that take turns would then
        // become many and small.
        let half = flight.load.units.len().div_ceil(2);
        let enough = half.max(self.callers / 2).min(BATCH);
        let mut next = None;
        let mut wait = false;
        loop {
            let room = next.is_none() && pending.is_plain() && pending.len() < BATCH;
            tokio::select! {
                biased;
                landing = self.landed(flight) => return (landing, next),
                more = pending.receive(queue, BATCH), if room => {
                    if !more {
                        return (self.landed(flight).await, next);
                    }
                }
            }
            let overlaps = self.rhythm.overlaps() && pending.is_plain() && pending.len() >= enough;
            if wait || next.is_some() || !overlaps {
                continue;
            }
            match self.decide(pending.batch(), Some(&flight.in_flight)).await {
                Decided::Ready(batch) => {
                    self.paths.count_overlapped();
                    let load = pending.take_batch();
                    next = Some(Next { batch, load });
                }
                Decided::Wait | Decided::Locked(_) => wait = true,
            }
        }
    }

    /// Erases a person under the head lock. Events that are appended earlier are sealed with the erased key; events that are
    /// appended later do not contain the person's data.
    async fn erase(&mut self, subject: &str) -> Result<bool, LedgerError> {
        // The erasure deletes claims that are in the memory.
        self.batches.forget();
        let mut tx = self.writer.begin().await?;
        let head = Head::lock(&mut tx).await?;
        // Another version of the program may have made other personal columns.
        versions::check(&mut tx).await?;
        // Other processes remember claims as long as the head does not move, and keys as long as nobody is erased.
        head.count_erasure(&mut tx).await?;
        let erased = self.sealer.erase(&mut tx, subject).await?;
        claims::forget_personal(&mut tx, subject).await?;
        snapshots::forget(&mut tx, subject).await?;
        refusals::forget(&mut tx, subject).await?;
        read_models::erase(&mut tx, subject).await?;
        tx.notify(CHANNEL, &format!("{ERASED_MESSAGE}{subject}")).await?;
        tx.commit().await?;
        self.batches.erased(&head);
        self.sealer.forget(subject);
        Ok(erased)
    }

    /// Does what follows a commit: remembers the keys of the batch, gives its events to the authorization projection, and
    /// makes the answers.
    pub(super) async fn settle(&mut self, mut batch: Batch, begun: Moment) -> Outcomes {
        self.batches.committed(&mut batch);
        let head = batch.head.position;
        self.reached.note(head);
        let (outcomes, recorded) = (batch.outcomes, batch.recorded);
        if !recorded.is_empty() {
            if let Err(error) = self.follower.take(&recorded, begun).await {
                // The events are committed. The follower's task tries again. Until it succeeds, this node is behind, and
                // requests that ask for a position get an error.
                tracing::error!(error = %WithCauses(&error), "cannot bring the authorization projection up to the ledger");
            }
            // The message is sent only now, after this process applied the events. Otherwise the message would make it read
            // its own events again.
            self.told.send_replace(head);
        }
        let appended = |range: std::ops::Range<usize>| {
            let events: Vec<Recorded> = recorded.get(range).unwrap_or_default().to_vec();
            let position = events.last().map_or(head, |event| event.position);
            Appended { events, position }
        };
        outcomes
            .into_iter()
            .map(|outcome| Ok(appended(outcome?)))
            .collect()
    }
}

/// A batch that was decided and is not sent yet.
struct Next {
    batch: Box<Batch>,
    load: Load,
}

impl From<Next> for Load {
    fn from(next: Next) -> Self {
        next.load
    }
}

/// The appending task while batches overlap.
struct Overlapping<'a> {
    task: &'a mut Task,
    pending: &'a mut Pending,
    queue: &'a mut mpsc::Receiver<Waiting>,
}

impl Crew for Overlapping<'_> {
    type Load = Load;
    type Decided = Next;
    type Flight = Flight;

    async fn send(&mut self, next: Next) -> Flight {
        self.task.send(next.batch, next.load).await
    }

    async fn ended(&mut self, flight: &mut Flight) -> (Fate, Option<Next>) {
        let (landing, next) = self.task.until_landed(flight, self.pending, self.queue).await;
        let behind = next.as_ref().map_or(0, |next| next.load.units.len());
        self.task.callers = flight.load.units.len() + behind + self.pending.len() + self.queue.len();
        (self.task.fate(flight, landing).await, next)
    }

    async fn settle(&mut self, flight: Flight) {
        self.task.settle_flight(flight).await;
    }

    fn fail(&mut self, load: Load, error: LedgerError) {
        self.task.fail(load, error);
    }

    fn forget(&mut self) {
        self.task.batches.forget();
    }

    async fn lock(&mut self, load: Load, because: Because) {
        self.task.append_locked(load, because).await;
    }
}

pub(super) fn answer_all(answers: Vec<Answer>, outcomes: Outcomes) {
    let answered = answers.into_iter().zip(outcomes);
    log_unheard(
        answered
            .filter_map(|(answer, outcome)| unheard(answer, outcome))
            .last(),
    );
}

/// Answers a caller. Returns the failure if the caller no longer waits. If the unit was appended, such a caller finds the
/// answer in the ledger.
pub(super) fn unheard<T>(
    answer: oneshot::Sender<Result<T, AppendError>>,
    outcome: Result<T, AppendError>,
) -> Option<Cause> {
    match answer.send(outcome) {
        Err(Err(AppendError::Unavailable(cause))) => Some(cause),
        Ok(()) | Err(Ok(_) | Err(AppendError::Rejected(_))) => None,
    }
}

/// Logs a failure that no request can log, because the clients that waited have hung up.
pub(super) fn log_unheard(cause: Option<Cause>) {
    if let Some(cause) = cause {
        tracing::error!(error = %WithCauses(&*cause), "cannot append to the ledger, and the client no longer waits");
    }
}

/// Tells other nodes after a commit that the ledger grew. Several commits may share one message.
async fn notify_others(db: Db, mut grown: watch::Receiver<i64>) {
    while grown.changed().await.is_ok() {
        let position = *grown.borrow_and_update();
        let told = async { Ok(db.notify(CHANNEL, &position.to_string()).await?) };
        if let Err(error) = within(PATIENCE, told).await {
            tracing::debug!(error = %WithCauses(&error), "cannot tell other nodes; they will look by themselves");
        }
    }
}
