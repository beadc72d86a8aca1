//! The appender: one per process, group commit.
//!
//! Units wait in a queue. The appender takes all that wait, opens one transaction, locks the head, decides each
//! unit's conflicts and claims, writes events, claims and read models, moves the head, commits, and answers.

use std::{sync::Arc, time::Duration};

use aggregates::Recorded;
use projections::sql::{Db, Tx, Writer, is_about_data};
use tokio::sync::{mpsc, oneshot, watch};

use super::{
    AppendError, CHANNEL, Follower, Head, LedgerError, Sealer, Unit,
    batch::{Batches, Written},
    error::within,
};
use crate::clock::Clock;

/// How many units may wait before callers wait to be let in.
const QUEUE: usize = 8_192;
/// How many units one transaction takes.
const BATCH: usize = 512;
/// How long a batch may take, and beginning one.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long the head's lock is held for somebody who decides under it.
const TURN: Duration = Duration::from_secs(2);

/// Where a unit's events went.
#[derive(Clone, Debug)]
pub struct Appended {
    /// Its events as recorded, in order; empty if the unit had none.
    pub events: Vec<Recorded>,
    /// The position of the last one, or of the head if there was none.
    pub position: i64,
}

type Answer = oneshot::Sender<Result<Appended, AppendError>>;
type Outcomes = Vec<Result<Appended, AppendError>>;
/// Takes the unit that was decided while the head's lock was held.
type Turn = oneshot::Sender<(Unit, Answer)>;

enum Waiting {
    /// A unit to append.
    Unit(Box<Unit>, Answer),
    /// Somebody who decides while nobody else can append.
    Turn(oneshot::Sender<Result<Turn, AppendError>>),
    /// Somebody to erase; answers whether there was a key.
    Erase(String, oneshot::Sender<Result<bool, LedgerError>>),
    /// Answer when all before is done; nothing comes after.
    Close(oneshot::Sender<()>),
}

/// Hands units to the appending task.
#[derive(Clone)]
pub struct Appender {
    queue: mpsc::Sender<Waiting>,
}

impl Appender {
    pub(super) fn start(
        db: Db,
        ledger_id: Arc<str>,
        sealer: Arc<Sealer>,
        clock: Arc<dyn Clock>,
        follower: Arc<Follower>,
    ) -> Self {
        let (queue, waiting) = mpsc::channel(QUEUE);
        let (told, tell) = watch::channel(0);
        tokio::spawn(notify_others(db.clone(), tell));
        let task = Task {
            writer: db.writer(),
            batches: Batches::new(ledger_id, sealer, clock),
            follower,
            told,
        };
        tokio::spawn(task.run(waiting));
        Self { queue }
    }

    pub(super) async fn append(&self, unit: Unit) -> Result<Appended, AppendError> {
        let gone = || AppendError::Unavailable("the server is shutting down".to_owned());
        let (answer, answered) = oneshot::channel();
        self.queue
            .send(Waiting::Unit(Box::new(unit), answer))
            .await
            .map_err(|_| gone())?;
        answered.await.map_err(|_| gone())?
    }

    /// Appends what `decide` comes to while the head's lock is held, so that nobody gets before it, in any process.
    /// All others wait meanwhile: this is for who has lost too many races.
    pub(super) async fn append_in_turn<E: From<AppendError>>(
        &self,
        decide: impl AsyncFnOnce() -> Result<Unit, E>,
    ) -> Result<Appended, E> {
        let gone = || AppendError::Unavailable("the ledger did not wait for a decision".to_owned());
        let (ready, turn) = oneshot::channel();
        self.queue.send(Waiting::Turn(ready)).await.map_err(|_| gone())?;
        let turn = turn.await.map_err(|_| gone())??;
        let unit = decide().await?;
        let (answer, answered) = oneshot::channel();
        turn.send((unit, answer)).map_err(|_| gone())?;
        Ok(answered.await.map_err(|_| gone())??)
    }

    /// Erases a subject; answers whether there was a key.
    pub(super) async fn erase(&self, subject: &str) -> Result<bool, LedgerError> {
        let (erased, outcome) = oneshot::channel();
        let erase = Waiting::Erase(subject.to_owned(), erased);
        self.queue
            .send(erase)
            .await
            .map_err(|_| LedgerError::ShuttingDown)?;
        outcome.await.map_err(|_| LedgerError::ShuttingDown)?
    }

    /// Takes no more units and waits until those that wait are answered.
    pub(super) async fn drain(&self) {
        let (done, all_done) = oneshot::channel();
        if self.queue.send(Waiting::Close(done)).await.is_ok() {
            let _ = all_done.await;
        }
    }
}

struct Task {
    writer: Writer,
    batches: Batches,
    follower: Arc<Follower>,
    told: watch::Sender<i64>,
}

/// Why a batch was not written.
struct NotWritten {
    /// Whether the transaction had begun; if not, nothing has happened.
    begun: bool,
    error: LedgerError,
}

impl Task {
    async fn run(mut self, mut queue: mpsc::Receiver<Waiting>) {
        let mut batch = Vec::with_capacity(BATCH);
        while queue.recv_many(&mut batch, BATCH).await > 0 {
            // Callers answered by the last batch are about to ask again: let them, so that they share this one.
            let mut before = 0;
            while batch.len() < BATCH && batch.len() > before {
                before = batch.len();
                tokio::task::yield_now().await;
                while batch.len() < BATCH
                    && let Ok(next) = queue.try_recv()
                {
                    batch.push(next);
                }
            }
            let (mut units, mut answers) = (Vec::with_capacity(batch.len()), Vec::new());
            let (mut alone, mut closing) = (Vec::new(), None);
            for waiting in batch.drain(..) {
                match waiting {
                    Waiting::Unit(unit, answer) => {
                        units.push(*unit);
                        answers.push(answer);
                    }
                    Waiting::Close(done) => closing = Some(done),
                    other => alone.push(other),
                }
            }
            if !units.is_empty() {
                self.handle(units, answers).await;
            }
            for waiting in alone {
                self.handle_alone(waiting).await;
            }
            if let Some(done) = closing {
                queue.close();
                let _ = done.send(());
                return;
            }
        }
    }

    /// Writes a batch. If the database refuses it for something in one unit, each is tried alone, so that only
    /// that one fails.
    async fn handle(&mut self, units: Vec<Unit>, answers: Vec<Answer>) {
        match self.write_and_commit(&units).await {
            Ok(outcomes) => answer_all(answers, outcomes),
            Err(error) if units.len() > 1 && refused(&error) => {
                tracing::warn!(%error, units = units.len(), "a batch was refused; trying its units one by one");
                self.handle_one_by_one(&units, answers).await;
            }
            Err(error) => {
                let failed = answers.iter().map(|_| Err(unavailable(&error))).collect();
                answer_all(answers, failed);
            }
        }
    }

    async fn handle_one_by_one(&mut self, units: &[Unit], answers: Vec<Answer>) {
        let mut gone = None;
        for (unit, answer) in units.iter().zip(answers) {
            let outcome = match &gone {
                // The others would only wait for it, one after the other.
                Some(reason) => Err(AppendError::Unavailable(String::clone(reason))),
                None => match self.write_and_commit(std::slice::from_ref(unit)).await {
                    Ok(mut outcomes) => outcomes.pop().unwrap_or_else(|| Err(nothing_written())),
                    Err(error) => {
                        gone = (!refused(&error)).then(|| error.to_string());
                        Err(unavailable(&error))
                    }
                },
            };
            let _ = answer.send(outcome);
        }
    }

    /// What has a transaction to itself.
    async fn handle_alone(&mut self, waiting: Waiting) {
        // This is rare: a pool's connection, found to live, is worth its round trip.
        self.writer.release();
        match waiting {
            Waiting::Turn(ready) => self.give_turn(ready).await,
            Waiting::Erase(subject, erased) => {
                let _ = erased.send(within(PATIENCE, self.erase(&subject)).await);
            }
            Waiting::Unit(..) | Waiting::Close(_) => {}
        }
    }

    /// Lets somebody decide under the head's lock, and writes what they decided.
    async fn give_turn(&mut self, ready: oneshot::Sender<Result<Turn, AppendError>>) {
        let locked = async {
            let mut tx = self.writer.begin().await?;
            Head::lock(&mut tx).await?;
            Ok(tx)
        };
        let tx = match within(PATIENCE, locked).await {
            Ok(tx) => tx,
            Err(error) => {
                let _ = ready.send(Err(unavailable(&error)));
                return;
            }
        };
        let (turn, decided) = oneshot::channel();
        // Who has gone, decided for nothing, or is too slow, lets go of the lock.
        if ready.send(Ok(turn)).is_ok()
            && let Ok(Ok((unit, answer))) = tokio::time::timeout(TURN, decided).await
        {
            let written = write_in(&mut self.batches, tx, std::slice::from_ref(&unit)).await;
            let outcome = match self.settle(written).await {
                Ok(mut outcomes) => outcomes.pop().unwrap_or_else(|| Err(nothing_written())),
                Err(error) => Err(unavailable(&error)),
            };
            let _ = answer.send(outcome);
        }
    }

    async fn erase(&mut self, subject: &str) -> Result<bool, LedgerError> {
        let mut tx = self.writer.begin().await?;
        let erased = self.batches.erase(&mut tx, subject).await?;
        tx.commit().await?;
        self.batches.erased(subject);
        Ok(erased)
    }

    async fn write_and_commit(&mut self, units: &[Unit]) -> Result<Outcomes, LedgerError> {
        let mut written = self.try_write(units).await;
        if let Err(NotWritten { begun: false, .. }) = &written {
            // The connection kept was broken: once more on one that is not.
            self.writer.release();
            written = self.try_write(units).await;
        }
        self.settle(written.map_err(|failed| failed.error)).await
    }

    async fn try_write(&mut self, units: &[Unit]) -> Result<Written, NotWritten> {
        let begin = async { Ok(self.writer.begin().await?) };
        let tx = within(PATIENCE, begin)
            .await
            .map_err(|error| NotWritten { begun: false, error })?;
        write_in(&mut self.batches, tx, units)
            .await
            .map_err(|error| NotWritten { begun: true, error })
    }

    /// What follows a batch that was committed, or that was not.
    async fn settle(&mut self, written: Result<Written, LedgerError>) -> Result<Outcomes, LedgerError> {
        let written = written.inspect_err(|_| {
            self.writer.release();
            self.batches.forget();
        })?;
        let head = written.head.position;
        let (outcomes, recorded) = self.batches.committed(written);
        if !recorded.is_empty() {
            self.told.send_replace(head);
            if let Err(error) = self.follower.take(&recorded).await {
                // The events are committed. The follower's task goes on trying; until then this node is behind,
                // and says so to those who ask for a position.
                tracing::error!(%error, "cannot bring the authorization projection up to the ledger");
            }
        }
        let appended = |range: std::ops::Range<usize>| {
            let events: Vec<Recorded> = recorded[range].to_vec();
            let position = events.last().map_or(head, |event| event.position);
            Appended { events, position }
        };
        Ok(outcomes
            .into_iter()
            .map(|outcome| Ok(appended(outcome?)))
            .collect())
    }
}

/// Writes a batch and commits it.
async fn write_in(batches: &mut Batches, mut tx: Tx<'_>, units: &[Unit]) -> Result<Written, LedgerError> {
    within(PATIENCE, async {
        let written = batches.write(&mut tx, units).await?;
        tx.commit().await?;
        Ok(written)
    })
    .await
}

/// Whether it was said no to something in the batch, rather than the database being gone, full or busy: then the
/// rest of the batch can be written.
fn refused(error: &LedgerError) -> bool {
    use projections::sql::Error;
    match error {
        LedgerError::Database(error @ Error::Database(_)) => is_about_data(error),
        LedgerError::Database(
            Error::Encode(_) | Error::Decode(_) | Error::ColumnDecode { .. } | Error::InvalidArgument(_),
        ) => true,
        LedgerError::Sealed(_) | LedgerError::Unreadable { .. } => true,
        _ => false,
    }
}

fn unavailable(error: &LedgerError) -> AppendError {
    tracing::error!(%error, "cannot append to the ledger");
    AppendError::Unavailable(error.to_string())
}

fn nothing_written() -> AppendError {
    AppendError::Unavailable("the appender gave no answer".to_owned())
}

fn answer_all(answers: Vec<Answer>, outcomes: Vec<Result<Appended, AppendError>>) {
    for (answer, outcome) in answers.into_iter().zip(outcomes) {
        // A caller that no longer waits has its answer in the ledger.
        let _ = answer.send(outcome);
    }
}

/// Tells other nodes that the ledger grew, after the commit and at most one message for many commits.
async fn notify_others(db: Db, mut grown: watch::Receiver<i64>) {
    while grown.changed().await.is_ok() {
        let position = *grown.borrow_and_update();
        if let Err(error) = db.notify(CHANNEL, &position.to_string()).await {
            tracing::debug!(%error, "cannot tell other nodes; they will look by themselves");
        }
    }
}
