//! Attempts of devices that connect to a broker.
//!
//! A broker asks once, and denies the device if the answer is no. So an attempt of a device stays in the queue until its deadline, however
//! many wait. Instead, the number of all attempts that have not been answered is bounded (`crowd.rs`).
//!
//! Some brokers do not say the address of a device. All their devices share one network, whose failures say nothing about one of them. There,
//! a name that exists comes before one that does not. The time must not tell which names exist: so if an attempt had to wait, the answer to a
//! wrong password comes at the deadline, and so does the refusal of an attempt that got no turn. The lot may refuse each of them before.

use std::{sync::Arc, time::Duration};

use projections::sql::Boxed;
use tokio::sync::oneshot;

use super::{Attempt, Defence, Draw, Guess, Inner, TooMany};

/// How long an attempt waits for its turn. Brokers wait for at least five seconds.
pub(super) const PATIENCE: Duration = Duration::from_secs(3);

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

/// The place of an attempt among those that have not been answered. Dropping it leaves them.
struct Membership {
    inner: Arc<Inner>,
    number: u64,
    refused: oneshot::Receiver<()>,
}

impl Drop for Membership {
    fn drop(&mut self) {
        self.inner.state().crowd.leave(self.number);
    }
}

/// How long the answer about an attempt may wait, and must wait if the password is wrong. An attempt of a client has no such bounds.
pub(crate) struct Patience {
    membership: Option<Membership>,
    /// When the answer to a wrong password is due; `None` if that depends on the failures alone.
    due: Option<Boxed<'static, ()>>,
}

impl Patience {
    /// That of a client.
    pub(super) fn of_client() -> Self {
        Self {
            membership: None,
            due: None,
        }
    }

    /// Ends when the attempt is refused by lot.
    pub(crate) async fn refused(&mut self) {
        match &mut self.membership {
            Some(membership) => drop((&mut membership.refused).await),
            None => std::future::pending().await,
        }
    }

    /// Ends when the answer to a wrong password is due: at the deadline of a device that has waited, or else after `hold`. The lot may end
    /// this time.
    pub(crate) async fn until_due(mut self, hold: impl Future<Output = ()>) {
        let due = self.due.take();
        let wait = async {
            match due {
                Some(due) => due.await,
                None => hold.await,
            }
        };
        tokio::select! {
            biased;
            () = self.refused() => {}
            () = wait => {}
        }
    }

    #[cfg(test)]
    pub(super) fn has_deadline(&self) -> bool {
        self.due.is_some()
    }
}

impl Defence {
    /// Waits for the turn of an attempt of a device.
    pub(super) async fn turn_of_device(&self, guess: Guess<'_>) -> Result<Attempt, TooMany> {
        let mut patience = self.patience(guess);
        let mut deadline = self.0.clock.after(PATIENCE);
        let mut attempt = tokio::select! {
            biased;
            found = self.queued(guess) => found?,
            () = patience.refused() => return Err(TooMany::Waiting),
            () = &mut deadline => return Err(TooMany::Waiting),
        };
        patience.due = attempt.has_waited.then_some(deadline);
        attempt.patience = patience;
        Ok(attempt)
    }

    fn patience(&self, guess: Guess<'_>) -> Patience {
        let mut draw = Draw::from(self.0.entropy.as_ref());
        let (number, refused) = self.0.state().crowd.enter(guess.address.network(), &mut draw);
        Patience {
            membership: Some(Membership {
                inner: Arc::clone(&self.0),
                number,
                refused,
            }),
            due: None,
        }
    }
}
