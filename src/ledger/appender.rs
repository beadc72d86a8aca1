//! The appender: one per process, group commit.
//!
//! Units wait in a queue. The appender takes all that wait, opens one transaction, locks the head, decides each
//! unit's conflicts and claims, writes events, claims and read models, moves the head, commits, and answers.

use std::sync::Arc;

use aggregates::Recorded;
use projections::sql::{Db, Writer, is_about_data};
use tokio::sync::{mpsc, oneshot, watch};

use super::{AppendError, CHANNEL, Follower, LedgerError, Sealer, Unit, batch::Batches};
use crate::clock::Clock;

/// How many units may wait before callers wait to be let in.
const QUEUE: usize = 8_192;
/// How many units one transaction takes.
const BATCH: usize = 512;
/// Where a unit's events went.
#[derive(Clone, Debug)]
pub struct Appended {
    /// Its events as recorded, in order; empty if the unit had none.
    pub events: Vec<Recorded>,
    /// The position of the last one, or of the head if there was none.
    pub position: i64,
}

type Answer = oneshot::Sender<Result<Appended, AppendError>>;

enum Waiting {
    /// A unit to append.
    Unit(Box<Unit>, Answer),
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
            let (mut units, mut answers, mut closing) = (Vec::with_capacity(batch.len()), Vec::new(), None);
            for waiting in batch.drain(..) {
                match waiting {
                    Waiting::Unit(unit, answer) => {
                        units.push(*unit);
                        answers.push(answer);
                    }
                    Waiting::Close(done) => closing = Some(done),
                }
            }
            if !units.is_empty() {
                self.handle(units, answers).await;
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

    async fn write_and_commit(
        &mut self,
        units: &[Unit],
    ) -> Result<Vec<Result<Appended, AppendError>>, LedgerError> {
        let mut result = self.try_write_and_commit(units).await;
        if let Err(NotWritten { begun: false, .. }) = &result {
            // The connection kept was broken: once more on one that is not.
            self.writer.release();
            result = self.try_write_and_commit(units).await;
        }
        result.map_err(|failed| {
            self.writer.release();
            self.batches.forget();
            failed.error
        })
    }

    async fn try_write_and_commit(
        &mut self,
        units: &[Unit],
    ) -> Result<Vec<Result<Appended, AppendError>>, NotWritten> {
        let not_begun = |error: projections::sql::Error| NotWritten {
            begun: false,
            error: error.into(),
        };
        let failed = |error| NotWritten { begun: true, error };
        let mut tx = self.writer.begin().await.map_err(not_begun)?;
        let written = self.batches.write(&mut tx, units).await.map_err(failed)?;
        tx.commit().await.map_err(|error| failed(error.into()))?;
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
