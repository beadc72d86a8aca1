//! The task that tries again to end sessions that a broker did not end at once.
//!
//! Each node runs it, over the same rows of the database: another node may be dead. It goes round and round over the rows. A round ends early if
//! nothing succeeds any more, and the next one goes on where it ended. So users whose sessions the broker refuses to end do not keep it
//! from the others.
//!
//! Each node begins at a row of its own, reads few rows at once, and waits a time of its own. So nodes share the work: a row that one node
//! has done is gone before another one comes to it, most of the time. Otherwise the sessions of a user end twice, which does no harm.

use std::{sync::Arc, time::Duration};

use aggregates::values::UserId;
use ledger::WithCauses;
use tokio::{sync::Notify, time::timeout};

use super::tries::{Failure, Teller, Tried};

/// How many rows are read at once. Another node may do them meanwhile.
const PAGE: i64 = 64;
/// How long a broker may take to end the sessions of one user.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long the task waits for rows of other nodes before it looks.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// How long the task waits after the first failure; twice as long after each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// How long it waits at most.
const MOST_PAUSE: Duration = Duration::from_secs(10);

/// What the task knows.
pub(super) struct TriesAgain {
    pub(super) teller: Teller,
    /// Says that there are rows.
    pub(super) left: Arc<Notify>,
    /// The row after which the next round begins; `None` for the first row.
    pub(super) after: Option<(UserId, i64)>,
    /// The reason that is noted in the database. The outer `None` means that the task does not know it.
    pub(super) noted: Option<Option<String>>,
}

/// How a round ended.
#[derive(Debug, PartialEq, Eq)]
enum Round {
    /// No sessions are left.
    Nothing,
    /// No try failed, but not all rows were looked at.
    Partly,
    /// A try failed.
    Failed,
}

impl TriesAgain {
    pub(super) async fn run(mut self) {
        let mut pause = Duration::ZERO;
        let begin = UserId(self.teller.reach.entropy.uuid());
        self.after = Some((begin, 0));
        loop {
            let round = self.round().await.unwrap_or_else(|failure| {
                let (broker, error) = (self.teller.broker(), WithCauses(&failure));
                tracing::warn!(broker, %error, "clients may have rights that they lost; trying again");
                Round::Failed
            });
            match round {
                Round::Nothing => {
                    if !pause.is_zero() {
                        tracing::info!(broker = self.teller.broker(), "the broker ends sessions again");
                    }
                    pause = Duration::ZERO;
                    if timeout(LOOK_EVERY, self.left.notified()).await.is_ok() {
                        pause = FIRST_PAUSE;
                        tokio::time::sleep(pause).await;
                    }
                }
                Round::Partly => {}
                Round::Failed => {
                    pause = (2 * pause).clamp(FIRST_PAUSE, MOST_PAUSE);
                    tokio::time::sleep(self.about(pause)).await;
                }
            }
        }
    }

    /// At least half of this time, and at most this time: nodes should not all try at the same moment.
    fn about(&self, pause: Duration) -> Duration {
        let mut byte = [0];
        self.teller.reach.entropy.fill(&mut byte);
        let [part] = byte;
        pause / 2 + pause / 2 * u32::from(part) / u32::from(u8::MAX)
    }

    /// Tries all rows from where the last round ended, up to the last one.
    async fn round(&mut self) -> Result<Round, Failure> {
        let teller = self.teller.clone();
        let (ledger, broker) = (teller.ledger(), teller.broker());
        let is_whole = self.after.is_none();
        let mut error = None;
        loop {
            let rows = ledger.open_kicks(broker, self.after, PAGE).await?;
            if rows.is_empty() {
                self.after = None;
                break;
            }
            // Reading names as they are now needs a memory that is not behind the rows.
            ledger.follower().catch_up().await?;
            let tried = teller.try_all(&rows, PATIENCE).await?;
            ledger.end_kicks(broker, &tried.done).await?;
            let last = tried.number.checked_sub(1).and_then(|last| rows.get(last));
            self.after = last.map(ledger::OpenKick::key);
            let Tried {
                number, error: met, ..
            } = tried;
            error = met.or(error);
            if number < rows.len() {
                break;
            }
        }
        let left = teller.count_left().await?;
        if error.is_some() || left == 0 {
            self.note(error.clone()).await?;
        }
        Ok(match error {
            Some(_) => Round::Failed,
            None if is_whole && self.after.is_none() || left == 0 => Round::Nothing,
            None => Round::Partly,
        })
    }

    async fn note(&mut self, error: Option<String>) -> Result<(), Failure> {
        let teller = &self.teller;
        if self.noted.as_ref() != Some(&error) {
            let noting = teller
                .ledger()
                .note_broker_error(teller.broker(), error.as_deref(), teller.now());
            noting.await?;
            self.noted = Some(error);
        }
        Ok(())
    }
}
