//! The task that follows the ledger for one broker.
//!
//! Each node runs it. All nodes move the same cursor, and only forward. Two nodes may close the sessions of one user at the same moment, which
//! does no harm, and no node waits until another one is known to be dead.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use ledger::{AppendError, Ledger, LedgerError, WithCauses, keep_running};

use super::{
    Broker,
    kick::{Kick, KickError, kick},
    losses,
};
use crate::app::App;

/// How many events are looked at before the cursor moves.
const PAGE: i64 = 500;
/// How long the task waits for an event before it looks by itself.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How long the task waits after the first failure; twice as long after each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// How long it waits at most.
const MOST_PAUSE: Duration = Duration::from_secs(10);

/// Why the task could not go on.
#[derive(Debug, thiserror::Error)]
enum Failure {
    /// The broker did not close the sessions.
    #[error("cannot close the sessions of a user who may do less")]
    Kick(#[from] KickError),
    /// The ledger cannot be read.
    #[error("cannot read what users may do")]
    Ledger(#[from] LedgerError),
    /// The cursor cannot be moved.
    #[error("cannot note what the broker was told")]
    Cursor(#[from] AppendError),
}

/// What the task knows.
struct Follows {
    app: App,
    broker: Broker,
    name: String,
    /// Up to which event the broker was told.
    position: Option<i64>,
    /// The kicks of the present page that are done.
    done: BTreeSet<Kick>,
}

/// Closes the sessions of users who may do less, at each broker of the settings, as long as the process runs.
pub fn keep_closing_sessions(app: &App) {
    let brokers = app.settings.brokers.iter().flat_map(|brokers| brokers.iter());
    for broker in brokers {
        let (app, broker) = (app.clone(), broker.clone());
        keep_running("sessions at a broker", move || {
            let follows = Follows {
                name: broker.name(),
                app: app.clone(),
                broker: broker.clone(),
                position: None,
                done: BTreeSet::new(),
            };
            follows.run()
        });
    }
}

/// How many events each broker of the settings was not told about yet: its name, and the number. `None` if no server has told it anything.
pub async fn lag_of(
    ledger: &Ledger,
    brokers: &super::Brokers,
) -> Result<Vec<(String, Option<i64>)>, LedgerError> {
    let head = ledger.head().await?.position;
    let cursors = ledger.broker_cursors().await?;
    let lag = |name: &String| {
        let cursor = cursors.iter().find(|cursor| cursor.broker == *name)?;
        Some(head - cursor.position)
    };
    let names = brokers.iter().map(Broker::name);
    Ok(names.map(|name| (name.clone(), lag(&name))).collect())
}

impl Follows {
    async fn run(mut self) {
        let mut pause = Duration::ZERO;
        loop {
            match self.step().await {
                Ok(()) if pause.is_zero() => {}
                Ok(()) => {
                    tracing::info!(broker = self.name, "the broker takes commands again");
                    pause = Duration::ZERO;
                }
                Err(failure) => {
                    pause = (2 * pause).clamp(FIRST_PAUSE, MOST_PAUSE);
                    self.complain(&failure, pause);
                    tokio::time::sleep(pause).await;
                }
            }
        }
    }

    fn complain(&self, failure: &Failure, pause: Duration) {
        let error = WithCauses(failure);
        tracing::warn!(broker = self.name, %error, "clients may have rights that they lost; trying again in {pause:?}");
    }

    /// Looks at the next page of events. Without one, waits a moment.
    async fn step(&mut self) -> Result<(), Failure> {
        let app = self.app.clone();
        let ledger = app.ledger();
        let from = self.begin(ledger).await?;
        let stored = ledger.after(from, PAGE, &ledger::Filter::default()).await?;
        let Some(last) = stored.last().map(|event| event.position) else {
            ledger.wait_for(from + 1, LOOK_EVERY).await;
            return Ok(());
        };
        // Reading names and rights as they are now needs a memory that is not behind the page.
        ledger.follower().catch_up().await?;
        // One kick is enough for all that a user lost.
        let mut names: BTreeMap<String, bool> = BTreeMap::new();
        for recorded in ledger.open_events(&stored).await? {
            for Kick { username, is_gone } in losses::of(ledger, &recorded).await? {
                *names.entry(username).or_default() |= is_gone;
            }
        }
        for (username, is_gone) in names {
            let one = Kick { username, is_gone };
            if !self.done.contains(&one) {
                kick(&self.broker, &one).await?;
                tracing::debug!(
                    broker = self.name,
                    "closed the sessions of a user who may do less"
                );
                self.done.insert(one);
            }
        }
        ledger.move_broker_cursor(&self.name, last).await?;
        self.position = Some(last);
        self.done.clear();
        Ok(())
    }

    /// The position after which to go on. A broker that is new in the settings begins at the head: nobody knows what its clients were told
    /// before.
    async fn begin(&mut self, ledger: &Ledger) -> Result<i64, Failure> {
        if let Some(position) = self.position {
            return Ok(position);
        }
        let cursors = ledger.broker_cursors().await?;
        let stored = cursors.into_iter().find(|cursor| cursor.broker == self.name);
        let position = match stored {
            Some(cursor) => cursor.position,
            None => {
                let head = ledger.head().await?.position;
                ledger.move_broker_cursor(&self.name, head).await?;
                head
            }
        };
        self.position = Some(position);
        Ok(position)
    }
}
