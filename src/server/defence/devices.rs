//! Attempts of devices that connect to a broker.
//!
//! A broker asks once, and denies the device if the answer is no. So an attempt of a device that is given up enters the queue again, until
//! its deadline.
//!
//! Some brokers do not say the address of a device. All their devices share one network, whose failures say nothing about one of them. There,
//! a name that exists comes before one that does not. The time must not tell which names exist: so if an attempt had to wait, the answer to a
//! wrong password comes at the deadline, and so does the refusal of an attempt that got no turn.

use std::{pin::Pin, time::Duration};

use tokio::time::{Sleep, sleep};

use super::{Attempt, Defence, Guess, TooMany};

/// How long an attempt waits for its turn. Brokers wait for at least five seconds.
const PATIENCE: Duration = Duration::from_secs(3);
/// How long an attempt that was given up waits before it enters the queue again.
const AGAIN: Duration = Duration::from_millis(100);

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asker {
    /// A client of this server. It can ask again later.
    Client,
    /// A broker, about a device whose address it says.
    Broker,
    /// A broker, about one of the devices that share its address.
    BrokerOfMany,
}

/// When the answer to a wrong password of a device is due.
pub(crate) type Deadline = Pin<Box<Sleep>>;

impl Defence {
    /// Waits for the turn of an attempt of a device.
    pub(super) async fn turn_of_device(&self, guess: Guess<'_>) -> Result<Attempt, TooMany> {
        let mut deadline: Deadline = Box::pin(sleep(PATIENCE));
        let mut has_waited = false;
        loop {
            let found = tokio::select! {
                biased;
                found = self.queued(guess) => found,
                () = &mut deadline => return Err(TooMany::Waiting),
            };
            match found {
                Err(TooMany::Waiting) => has_waited = true,
                Err(TooMany::Failures) => return Err(TooMany::Failures),
                Ok(mut attempt) => {
                    let is_due = has_waited || attempt.has_waited;
                    attempt.deadline = is_due.then_some(deadline);
                    return Ok(attempt);
                }
            }
            tokio::select! {
                biased;
                () = &mut deadline => return Err(TooMany::Waiting),
                () = sleep(AGAIN) => {}
            }
        }
    }
}
