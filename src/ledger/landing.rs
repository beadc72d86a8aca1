//! Writes batches. A batch that was decided without the lock is written only if the head has not moved. All other batches are
//! decided and written under the head's lock.

use std::sync::Arc;

use futures_util::future::{Either, ready, select};
use projections::{
    sql::{Error, NotLanded, Statement, Writer, is_about_data, is_an_answer, sql},
    store::{MarkMoves, Writes},
};
use tokio::task::JoinHandle;

use super::{
    AppendError, Cause, Head, LedgerError, Unit, WithCauses,
    appender::{Answer, PATIENCE, Task, answer_all, log_unheard, unheard},
    batch::{Batch, Decided, InFlight, Manner},
    error::{Obstacle, no_answer_in_time, within},
    moment::Moment,
    overlap::Fate,
    pace::Because,
};

/// Units, and the callers that wait for them.
#[derive(Default)]
pub(super) struct Load {
    pub(super) units: Vec<Unit>,
    pub(super) answers: Vec<Answer>,
}

/// A batch that is being written.
pub(super) struct Flight {
    /// The task that writes the batch while the appender does other work. It returns the connection.
    pub(super) landing: JoinHandle<(Writer, Landing)>,
    /// What the decision of the next batch must know about this one.
    pub(super) in_flight: InFlight,
    pub(super) load: Load,
    batch: Box<Batch>,
    /// A moment before the batch was sent. Everything that any process had recorded by then comes before this batch.
    begun: Moment,
}

impl From<Flight> for Load {
    fn from(flight: Flight) -> Self {
        flight.load
    }
}

/// How the writing of a batch ended.
pub(super) enum Landing {
    /// The batch is committed.
    Landed,
    /// The head had moved, so nothing was written.
    Missed,
    /// The database refused the batch, or there was no connection. Nothing was written.
    Refused(Error),
    /// The connection broke before the answer came: the batch may be written.
    Unconfirmed(Error),
    /// The database did not answer in time, or a lock was not free in time.
    TimedOut(Error),
}

/// A batch that is written under the lock, before or after its commit.
struct Written {
    batch: Batch,
    /// A moment before the head was read. Everything that any process had recorded by then comes before this batch.
    begun: Moment,
    /// Whether the head was where this process had left it.
    alone: bool,
}

/// Why a batch was not written under the lock.
struct NotWritten {
    /// Whether the transaction had begun. If it had not, the database did nothing.
    begun: bool,
    error: LedgerError,
}

impl Task {
    /// Decides units without the lock, unless they must go under the lock.
    pub(super) async fn decide(&mut self, units: &[Unit], in_flight: Option<&InFlight>) -> Decided {
        if self.paths.stays_locked() {
            return Decided::Locked(Because::Asked);
        }
        if let Some(because) = self.pace.locked() {
            self.pace.obeyed();
            return Decided::Locked(because);
        }
        let decided = self.batches.decide(&mut self.reader, units, in_flight);
        within(PATIENCE, decided).await.unwrap_or_else(|error| {
            // Under the lock, the failure becomes the answer of the units that it concerns.
            tracing::debug!(error = %WithCauses(&error), "a batch cannot be decided without the lock");
            Decided::Locked(Because::Refused)
        })
    }

    /// Now, and the server that this task writes to now.
    fn moment(&self) -> Moment {
        Moment {
            server: self.writer.server(),
            at: self.batches.elapsed(),
        }
    }

    /// Begins to write a batch.
    pub(super) async fn send(&mut self, mut batch: Box<Batch>, load: Load) -> Flight {
        let writes = std::mem::take(&mut batch.writes);
        let marks = std::mem::take(&mut batch.marks);
        let in_flight = InFlight {
            tables: writes.tables(),
            made: std::mem::take(&mut batch.made),
        };
        let compare = batch.head.move_from(&batch.before);
        let begun = self.moment();
        let mut writer = self.writer.take();
        let landing = Box::pin(async move {
            let landing = tokio::time::timeout(PATIENCE, land(&mut writer, compare, writes, marks)).await;
            let landing = landing.unwrap_or_else(|_elapsed| Landing::TimedOut(no_answer_in_time()));
            if !matches!(landing, Landing::Landed | Landing::Missed) {
                writer.abandon();
            }
            (writer, landing)
        });
        // The first poll sends the statement. A new task would first run when this one pauses, because tokio keeps the last
        // task that a worker woke for this worker. Until then, the database would be idle.
        let landing = match select(landing, ready(())).await {
            Either::Left((landed, _)) => tokio::spawn(ready(landed)),
            Either::Right(((), landing)) => tokio::spawn(landing),
        };
        self.paths.count_sent();
        Flight {
            landing,
            in_flight,
            load,
            batch,
            begun,
        }
    }

    /// Waits until the writing of a batch has ended.
    pub(super) async fn landed(&mut self, flight: &mut Flight) -> Landing {
        match (&mut flight.landing).await {
            Ok((writer, landing)) => {
                self.writer = writer;
                landing
            }
            // The task ended without a result. Its connection is closed.
            Err(_) => Landing::Unconfirmed(Error::WorkerCrashed),
        }
    }

    /// Answers the callers of a batch that is committed.
    pub(super) async fn settle_flight(&mut self, flight: Flight) {
        self.pace.landed();
        let (units, now) = (flight.load.units.len(), self.batches.elapsed());
        self.rhythm.landed(units, self.callers, now);
        self.paths.count_landed();
        let outcomes = self.settle(*flight.batch, flight.begun).await;
        answer_all(flight.load.answers, outcomes);
    }

    /// What became of a flight whose writing has ended.
    pub(super) async fn fate(&mut self, flight: &Flight, landing: Landing) -> Fate {
        match landing {
            Landing::Landed => Fate::Landed,
            Landing::Missed => {
                self.pace.missed();
                Fate::NotWritten(Because::NotAlone)
            }
            Landing::Refused(error) => {
                tracing::debug!(error = %WithCauses(&error), "a batch was refused; trying it under the lock");
                self.pace.refused();
                Fate::NotWritten(Because::Refused)
            }
            Landing::Unconfirmed(error) => match self.did_take_effect(&flight.batch.head, &error).await {
                Some(true) => Fate::Found,
                Some(false) => {
                    tracing::debug!(error = %WithCauses(&error), "a batch was lost; trying it under the lock");
                    self.pace.refused();
                    Fate::NotWritten(Because::Refused)
                }
                None => Fate::Unknown(error.into()),
            },
            Landing::TimedOut(error) => {
                if !is_an_answer(&error) {
                    self.follower.doubt();
                }
                Fate::Unknown(error.into())
            }
        }
    }

    pub(super) fn fail(&mut self, load: Load, error: LedgerError) {
        let cause: Cause = Arc::new(error);
        let failed = load
            .answers
            .iter()
            .map(|_| Err(AppendError::Unavailable(Arc::clone(&cause))))
            .collect();
        answer_all(load.answers, failed);
    }

    /// Decides and writes a batch under the lock, and answers its callers. If the database refuses the batch because of the
    /// data of one unit, writes each unit alone, so that only that unit fails.
    pub(super) async fn append_locked(&mut self, load: Load, because: Because) {
        self.paths.count_locked(because);
        let manner = match because {
            Because::NotAlone => Manner::AtOnce,
            Because::Asked
            | Because::HeadUnknown
            | Because::Refused
            | Because::Large
            | Because::NothingToWrite => Manner::Steps,
        };
        match self.write_and_commit(&load.units, manner).await {
            Ok(written) => {
                let outcomes = self.settle(written.batch, written.begun).await;
                answer_all(load.answers, outcomes);
            }
            Err(error) if (load.units.len() > 1 || manner == Manner::AtOnce) && refused(&error) => {
                // The request that waits for the faulty unit logs the error.
                tracing::debug!(error = %WithCauses(&error), units = load.units.len(), "a batch was refused; trying its units one by one");
                self.append_one_by_one(load).await;
            }
            Err(error) => self.fail(load, error),
        }
    }

    async fn append_one_by_one(&mut self, load: Load) {
        let (mut gone, mut unheard_cause): (Option<Cause>, Option<Cause>) = (None, None);
        for (unit, answer) in load.units.iter().zip(load.answers) {
            let outcome = match &gone {
                // The database is gone: each of the remaining units would wait for it in vain.
                Some(cause) => Err(AppendError::Unavailable(Arc::clone(cause))),
                None => match self
                    .write_and_commit(std::slice::from_ref(unit), Manner::Steps)
                    .await
                {
                    Ok(written) => {
                        let mut outcomes = self.settle(written.batch, written.begun).await;
                        outcomes.pop().unwrap_or_else(|| Err(Obstacle::NoAnswer.into()))
                    }
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

    async fn write_and_commit(&mut self, units: &[Unit], manner: Manner) -> Result<Written, LedgerError> {
        let mut written = self.within_patience(units, manner).await;
        if written.as_ref().is_err_and(NotWritten::for_its_connection) {
            // The kept connection was broken. Try once more on a new one.
            self.writer.abandon();
            written = self.within_patience(units, manner).await;
        }
        match written {
            Ok(mut written) => {
                self.pace.found(written.alone);
                self.batches.remember(&mut written.batch);
                Ok(written)
            }
            Err(failed) => {
                // Do not use the connection again: when its disk is full, SQLite ends the transaction by itself, and sqlx does
                // not notice.
                self.writer.abandon();
                self.batches.forget();
                Err(failed.error)
            }
        }
    }

    /// Writes the units. If the database neither answers nor refuses in time, or if another server becomes the primary, closes the
    /// connection and returns an error.
    async fn within_patience(&mut self, units: &[Unit], manner: Manner) -> Result<Written, NotWritten> {
        let moved = self.writer.moved();
        tokio::select! {
            biased;
            written = self.try_write_and_commit(units, manner) => return written,
            () = tokio::time::sleep(PATIENCE) => {}
            () = moved => {}
        }
        self.writer.abandon();
        self.follower.doubt();
        Err(NotWritten {
            begun: true,
            error: no_answer_in_time().into(),
        })
    }

    async fn try_write_and_commit(&mut self, units: &[Unit], manner: Manner) -> Result<Written, NotWritten> {
        let not_begun = |error: Error| NotWritten {
            begun: false,
            error: error.into(),
        };
        let failed = |error| NotWritten { begun: true, error };
        let begun = self.moment();
        let mut tx = self.writer.begin().await.map_err(not_begun)?;
        let (batch, alone) = self.batches.write(&mut tx, units, manner).await.map_err(failed)?;
        let written = Written { batch, begun, alone };
        if let Err(error) = tx.commit().await {
            // The connection may have broken after the commit took effect. Do not use it again: it may still be inside the
            // transaction.
            self.writer.abandon();
            if self.did_take_effect(&written.batch.head, &error).await != Some(true) {
                return Err(failed(error.into()));
            }
        }
        Ok(written)
    }

    /// Whether a batch whose commit was not confirmed is in the ledger. Returns `None` if the ledger cannot be read.
    async fn did_take_effect(&mut self, head: &Head, error: &Error) -> Option<bool> {
        let position = head.position;
        match within(PATIENCE, self.took_effect(head)).await {
            Ok(true) => {
                tracing::warn!(error = %WithCauses(error), position, "a commit was not confirmed, but it took effect");
                Some(true)
            }
            Ok(false) => Some(false),
            Err(look) => {
                self.writer.abandon();
                self.follower.doubt();
                tracing::warn!(
                    error = %WithCauses(&look), position,
                    "a commit was not confirmed, and the ledger cannot be read: it may have taken effect"
                );
                None
            }
        }
    }

    /// Whether the batch that ends at `head` is in the ledger. If it is not, this function moves the head. So the batch can no
    /// longer land, even if its statement still waits for the lock on the old connection.
    async fn took_effect(&mut self, head: &Head) -> Result<bool, LedgerError> {
        let mut tx = self.writer.begin().await?;
        let now = Head::lock(&mut tx).await?;
        let select = sql("SELECT hash FROM events WHERE position = $1").bind(head.position);
        let row = tx.optional(select).await?;
        let hash = row.map(|row| row.bytes(0)).transpose()?;
        let took_effect = hash.is_some_and(|hash| hash == head.hash);
        if !took_effect {
            now.touch(&mut tx).await?;
        }
        // Commit even if nothing changed: an open transaction would keep the lock.
        tx.commit().await?;
        Ok(took_effect)
    }
}

/// Writes a batch, if the head is where the decision expects it.
async fn land(
    writer: &mut Writer,
    compare: Statement<'static>,
    writes: Writes<'static>,
    marks: MarkMoves,
) -> Landing {
    match writer.land(compare, writes, marks).await {
        Ok(true) => Landing::Landed,
        Ok(false) => Landing::Missed,
        Err(NotLanded::Busy(error)) => Landing::TimedOut(error),
        Err(NotLanded::Refused(error)) => Landing::Refused(error),
        Err(NotLanded::Unconfirmed(error)) => Landing::Unconfirmed(error),
    }
}

impl NotWritten {
    /// Whether the transaction did not begin because the connection was broken. A database that refuses or is busy does
    /// not count.
    fn for_its_connection(&self) -> bool {
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
    match error {
        LedgerError::Database(error @ Error::Database(_)) => is_about_data(error),
        LedgerError::Database(
            Error::Encode(_) | Error::Decode(_) | Error::ColumnDecode { .. } | Error::InvalidArgument(_),
        ) => true,
        LedgerError::Sealed(_) | LedgerError::Unreadable { .. } => true,
        _ => false,
    }
}
