//! The task that follows the ledger for one broker.
//!
//! Each node runs it. All nodes move the same cursor, and only forward. Two nodes may end the sessions of one user at the same moment, which
//! does no harm, and no node waits until another one is known to be dead.
//!
//! Each user who may do less gets one quick try. What fails is noted in the database before the cursor moves, and is the matter of the task
//! that tries again. So neither one user nor a broker that is down holds this task back.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};

use aggregates::values::UserId;
use ledger::{Filter, OpenKick, WithCauses};
use tokio::sync::Notify;

use super::{
    losses::{Loser, Losses, Part},
    tries::{Failure, Teller},
};

/// How many events are looked at before the cursor moves.
const PAGE: i64 = 500;
/// How many users are collected before their sessions end. One try is enough for all that a user lost.
const MOST_USERS: usize = 10_000;
/// How long the first try may take.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long the task waits for an event before it looks by itself.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How long the task waits after the first failure; twice as long after each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// How long it waits at most.
const MOST_PAUSE: Duration = Duration::from_secs(10);

/// What the task knows.
pub(super) struct Follows {
    pub(super) teller: Teller,
    /// Wakes the task that tries again.
    pub(super) left: Arc<Notify>,
    /// Up to which event the task has looked.
    pub(super) position: Option<i64>,
}

/// Users who may do less, by the keys of their sessions.
type Less = BTreeMap<(UserId, i64), OpenKick>;

impl Follows {
    pub(super) async fn run(mut self) {
        let mut pause = Duration::ZERO;
        loop {
            match self.step().await {
                Ok(()) => pause = Duration::ZERO,
                Err(failure) => {
                    pause = (2 * pause).clamp(FIRST_PAUSE, MOST_PAUSE);
                    self.complain(&failure, pause);
                    tokio::time::sleep(pause).await;
                }
            }
        }
    }

    fn complain(&self, failure: &Failure, pause: Duration) {
        let (broker, error) = (self.teller.broker(), WithCauses(failure));
        tracing::warn!(broker, %error, "clients may have rights that they lost; trying again in {pause:?}");
    }

    /// Looks at the next page of events. Without one, waits a moment.
    async fn step(&mut self) -> Result<(), Failure> {
        let from = self.begin().await?;
        let ledger = self.teller.ledger();
        let stored = ledger.after(from, PAGE, &Filter::default()).await?;
        let Some(last) = stored.last().map(|event| event.position) else {
            ledger.wait_for(from + 1, LOOK_EVERY).await;
            return Ok(());
        };
        // Reading names and rights as they are now needs a memory that is not behind the page.
        ledger.follower().catch_up().await?;
        let mut less = Less::new();
        let mut losses = Losses::of(ledger, ledger.open_events(&stored).await?).await?;
        while let Some(Part { position, losers }) = losses.next().await? {
            for loser in losers {
                self.add(&mut less, loser, position);
            }
            if less.len() >= MOST_USERS {
                self.end(std::mem::take(&mut less)).await?;
            }
        }
        self.end(less).await?;
        ledger.move_broker_cursor(self.teller.broker(), last).await?;
        self.now_at(last);
        Ok(())
    }

    fn add(&self, less: &mut Less, loser: Loser, position: i64) {
        let kick = OpenKick {
            user: loser.user,
            named_until: if loser.by_old_name { position } else { 0 },
            position,
            is_gone: loser.is_gone,
            since: self.teller.now(),
        };
        match less.entry(kick.key()) {
            Entry::Vacant(entry) => drop(entry.insert(kick)),
            Entry::Occupied(mut entry) => {
                let known = entry.get_mut();
                known.position = position;
                known.is_gone |= kick.is_gone;
            }
        }
    }

    /// Ends the sessions of these users. Those that the broker does not end at once are noted, and tried again later.
    async fn end(&self, less: Less) -> Result<(), Failure> {
        let kicks: Vec<OpenKick> = less.into_values().collect();
        if kicks.is_empty() {
            return Ok(());
        }
        let teller = &self.teller;
        let tried = teller.try_all(&kicks, PATIENCE).await?;
        if !tried.left.is_empty() {
            teller.ledger().keep_kicks(teller.broker(), &tried.left).await?;
            teller.count_left().await?;
            self.left.notify_one();
        }
        Ok(())
    }

    /// The position after which to go on. A broker that is new in the settings begins at the head: nobody knows what its clients were told
    /// before.
    async fn begin(&mut self) -> Result<i64, Failure> {
        if let Some(position) = self.position {
            return Ok(position);
        }
        let (ledger, broker) = (self.teller.ledger(), self.teller.broker());
        let cursors = ledger.broker_cursors().await?;
        let stored = cursors.into_iter().find(|cursor| cursor.broker == broker);
        let position = match stored {
            Some(cursor) => cursor.position,
            None => {
                let head = ledger.head().await?.position;
                ledger.move_broker_cursor(broker, head).await?;
                head
            }
        };
        self.now_at(position);
        Ok(position)
    }

    fn now_at(&mut self, position: i64) {
        self.position = Some(position);
        self.teller.tally.position.store(position, Relaxed);
    }
}
