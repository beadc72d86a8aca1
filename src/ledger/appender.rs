//! The appender writes units to the ledger. Each process has one; it commits many units together.
//!
//! Units wait in a queue. The appender takes all waiting units, opens one transaction, locks the head, judges the
//! conflicts and claims of each unit, writes events, claims and read models, moves the head, commits, and answers.

use std::{sync::Arc, time::Duration};

use aggregates::Recorded;
use projections::{
    read_models,
    sql::{Db, Writer, is_about_data, sql},
};
use tokio::sync::{mpsc, oneshot, watch};

use super::{
    AppendError, CHANNEL, Cause, ERASED_MESSAGE, Follower, Head, LedgerError, Sealer, Unit, WithCauses,
    batch::{Batches, Written},
    claims,
    error::{Obstacle, within},
    versions,
};

/// How many units may wait before callers wait to be let in.
const QUEUE: usize = 8_192;
/// How long a batch may take until its commit is confirmed.
const PATIENCE: Duration = Duration::from_secs(10);
/// How many units one transaction takes.
const BATCH: usize = 512;
/// The events of a unit that was appended.
#[derive(Clone, Debug)]
pub struct Appended {
    /// The recorded events, in order; empty if the unit had no events.
    pub events: Vec<Recorded>,
    /// The position of the last event; if the unit had no events, the position of the head.
    pub position: i64,
}

type Answer = oneshot::Sender<Result<Appended, AppendError>>;
type Outcomes = Vec<Result<Appended, AppendError>>;

enum Waiting {
    /// A unit to append.
    Unit(Box<Unit>, Answer),
    /// Erase the key of this subject, and everything derived from the data that the key sealed.
    Erase(String, oneshot::Sender<Result<bool, AppendError>>),
    /// Answer when all earlier messages are done. No message may follow.
    Close(oneshot::Sender<()>),
}

/// Sends units to the appending task.
#[derive(Clone)]
pub struct Appender {
    queue: mpsc::Sender<Waiting>,
}

impl Appender {
    pub(super) fn start(db: Db, batches: Batches, sealer: Arc<Sealer>, follower: Arc<Follower>) -> Self {
        let (queue, waiting) = mpsc::channel(QUEUE);
        let (told, tell) = watch::channel(0);
        tokio::spawn(notify_others(db.clone(), tell));
        let task = Task {
            writer: db.writer(),
            batches,
            sealer,
            follower,
            told,
        };
        tokio::spawn(task.run(waiting));
        Self { queue }
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

struct Task {
    writer: Writer,
    batches: Batches,
    sealer: Arc<Sealer>,
    follower: Arc<Follower>,
    told: watch::Sender<i64>,
}

/// Why a batch was not written.
struct NotWritten {
    /// Whether the transaction had begun. If it had not, the database did nothing.
    begun: bool,
    error: LedgerError,
}

impl Task {
    async fn run(mut self, mut queue: mpsc::Receiver<Waiting>) {
        let mut batch = Vec::with_capacity(BATCH);
        while queue.recv_many(&mut batch, BATCH).await > 0 {
            // The callers of the last batch have their answers and may ask again at once. Let them, so that their units are
            // in this batch, too.
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
            let (mut units, mut answers) = (Vec::with_capacity(batch.len()), Vec::with_capacity(batch.len()));
            let (mut erasures, mut closing) = (Vec::new(), None);
            for waiting in batch.drain(..) {
                match waiting {
                    Waiting::Unit(unit, answer) => {
                        units.push(*unit);
                        answers.push(answer);
                    }
                    Waiting::Erase(subject, answer) => erasures.push((subject, answer)),
                    Waiting::Close(done) => closing = Some(done),
                }
            }
            if !units.is_empty() {
                self.handle(units, answers).await;
            }
            for (subject, answer) in erasures {
                let erased = within(PATIENCE, self.erase(&subject)).await;
                if erased.is_err() {
                    self.writer.abandon();
                }
                log_unheard(unheard(answer, erased.map_err(AppendError::from)));
            }
            if let Some(done) = closing {
                queue.close();
                self.writer.close().await;
                let _ = done.send(());
                return;
            }
        }
    }

    /// Writes a batch. If the database refuses the batch because of the data of one unit, writes each unit alone, so that
    /// only that unit fails.
    async fn handle(&mut self, units: Vec<Unit>, answers: Vec<Answer>) {
        match self.write_and_commit(&units).await {
            Ok(outcomes) => answer_all(answers, outcomes),
            Err(error) if units.len() > 1 && refused(&error) => {
                // The request that waits for the faulty unit logs the error.
                tracing::debug!(error = %WithCauses(&error), units = units.len(), "a batch was refused; trying its units one by one");
                self.handle_one_by_one(&units, answers).await;
            }
            Err(error) => {
                let cause: Cause = Arc::new(error);
                let failed = answers
                    .iter()
                    .map(|_| Err(AppendError::Unavailable(Arc::clone(&cause))));
                let failed = failed.collect();
                answer_all(answers, failed);
            }
        }
    }

    async fn handle_one_by_one(&mut self, units: &[Unit], answers: Vec<Answer>) {
        let (mut gone, mut unheard_cause): (Option<Cause>, Option<Cause>) = (None, None);
        for (unit, answer) in units.iter().zip(answers) {
            let outcome = match &gone {
                // The database is gone: each of the remaining units would wait for it in vain.
                Some(cause) => Err(AppendError::Unavailable(Arc::clone(cause))),
                None => match self.write_and_commit(std::slice::from_ref(unit)).await {
                    Ok(mut outcomes) => outcomes.pop().unwrap_or_else(|| Err(Obstacle::NoAnswer.into())),
                    Err(error) => {
                        let is_gone = !refused(&error);
                        let cause: Cause = Arc::new(error);
                        gone = is_gone.then(|| Arc::clone(&cause));
                        Err(AppendError::Unavailable(cause))
                    }
                },
            };
            unheard_cause = unheard(answer, outcome).or(unheard_cause);
        }
        log_unheard(unheard_cause);
    }

    async fn write_and_commit(&mut self, units: &[Unit]) -> Result<Outcomes, LedgerError> {
        let mut written = self.within_patience(units).await;
        if written.as_ref().is_err_and(NotWritten::for_its_connection) {
            // The kept connection was broken. Try once more on a new one.
            self.writer.abandon();
            written = self.within_patience(units).await;
        }
        match written {
            Ok(written) => Ok(self.settle(written).await),
            Err(failed) => {
                // Do not use the connection again: when its disk is full, SQLite ends the transaction by itself, and sqlx does
                // not notice.
                self.writer.abandon();
                self.batches.forget();
                Err(failed.error)
            }
        }
    }

    /// Writes the units. If the database neither answers nor refuses in time, closes the connection and returns an error.
    async fn within_patience(&mut self, units: &[Unit]) -> Result<Written, NotWritten> {
        match tokio::time::timeout(PATIENCE, self.try_write_and_commit(units)).await {
            Ok(result) => result,
            Err(_elapsed) => {
                self.writer.abandon();
                Err(NotWritten {
                    begun: true,
                    error: projections::sql::Error::PoolTimedOut.into(),
                })
            }
        }
    }

    /// Whether the batch that ends at `head` is in the ledger. If the transaction of the batch is still alive, this waits
    /// for its lock.
    async fn took_effect(&mut self, head: &Head) -> Result<bool, LedgerError> {
        let mut tx = self.writer.begin().await?;
        Head::lock(&mut tx).await?;
        let select = sql("SELECT hash FROM events WHERE position = $1").bind(head.position);
        let row = tx.optional(select).await?;
        Ok(row
            .map(|row| row.bytes(0))
            .transpose()?
            .is_some_and(|hash| hash == head.hash))
    }

    /// Erases a person under the head lock. Events that are appended earlier are sealed with the erased key; events that are
    /// appended later do not contain the person's data.
    async fn erase(&mut self, subject: &str) -> Result<bool, LedgerError> {
        let mut tx = self.writer.begin().await?;
        let head = Head::lock(&mut tx).await?;
        // Another version of the program may have made other personal columns.
        versions::check(&mut tx).await?;
        // Other processes remember claims as long as the head does not move, so move it.
        head.touch(&mut tx).await?;
        let erased = self.sealer.erase(&mut tx, subject).await?;
        claims::forget_personal(&mut tx, subject).await?;
        read_models::erase(&mut tx, subject).await?;
        tx.notify(CHANNEL, &format!("{ERASED_MESSAGE}{subject}")).await?;
        tx.commit().await?;
        self.sealer.forget(subject);
        Ok(erased)
    }

    async fn try_write_and_commit(&mut self, units: &[Unit]) -> Result<Written, NotWritten> {
        let not_begun = |error: projections::sql::Error| NotWritten {
            begun: false,
            error: error.into(),
        };
        let failed = |error| NotWritten { begun: true, error };
        let mut tx = self.writer.begin().await.map_err(not_begun)?;
        let written = self.batches.write(&mut tx, units).await.map_err(failed)?;
        if let Err(error) = tx.commit().await {
            // The connection may have broken after the commit took effect. The ledger shows whether it took effect.
            // Do not use the connection again: it may still be inside the transaction.
            self.writer.abandon();
            match self.took_effect(&written.head).await {
                Ok(true) => {
                    tracing::warn!(error = %WithCauses(&error), "a commit was not confirmed, but it took effect");
                }
                Ok(false) => return Err(failed(error.into())),
                Err(look) => {
                    let position = written.head.position;
                    tracing::warn!(
                        error = %WithCauses(&look), position,
                        "a commit was not confirmed, and the ledger cannot be read: it may have taken effect"
                    );
                    return Err(failed(error.into()));
                }
            }
        }
        Ok(written)
    }

    /// Does what follows a commit: remembers the batch, and feeds the authorization projection.
    async fn settle(&mut self, written: Written) -> Outcomes {
        let (head, begun) = (written.head.position, written.begun);
        let (outcomes, recorded) = self.batches.committed(written);
        if !recorded.is_empty() {
            if let Err(error) = self.follower.take(&recorded, begun).await {
                // The events are committed. The follower's task tries again. Until it succeeds, this node is behind, and
                // requests that ask for a position get an error.
                tracing::error!(error = %WithCauses(&error), "cannot bring the authorization projection up to the ledger");
            }
            // Only now, when this process has the events itself: otherwise it would read its own events again when it
            // receives the message.
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

impl NotWritten {
    /// Whether the transaction did not begin because the connection was broken. A database that refuses or is busy does
    /// not count.
    fn for_its_connection(&self) -> bool {
        use projections::sql::Error;
        !self.begun
            && matches!(
                &self.error,
                LedgerError::Database(Error::Io(_) | Error::Protocol(_))
            )
    }
}

/// Whether the database refused the data of some unit, so the other units of the batch can be written. It is `false` if
/// the database is gone, full or busy.
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

fn answer_all(answers: Vec<Answer>, outcomes: Outcomes) {
    let answered = answers.into_iter().zip(outcomes);
    log_unheard(
        answered
            .filter_map(|(answer, outcome)| unheard(answer, outcome))
            .last(),
    );
}

/// Answers a caller. Returns the failure if the caller no longer waits. If the unit was appended, such a caller finds the
/// answer in the ledger.
fn unheard<T>(
    answer: oneshot::Sender<Result<T, AppendError>>,
    outcome: Result<T, AppendError>,
) -> Option<Cause> {
    match answer.send(outcome) {
        Err(Err(AppendError::Unavailable(cause))) => Some(cause),
        Ok(()) | Err(Ok(_) | Err(AppendError::Rejected(_))) => None,
    }
}

/// Logs a failure that no request can log: clients that hung up took their requests with them.
fn log_unheard(cause: Option<Cause>) {
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
