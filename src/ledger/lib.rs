//! The ledger: one ordered, tamper-evident sequence of events.
//!
//! Invariants, each with a test that fails without it:
//!
//! - Positions are 1, 2, 3, … in commit order, without gaps, across processes: the head row's lock is the order.
//! - A unit of events is written whole or not at all, with its claims and the read models, in one transaction.
//! - A conflict refuses one unit and harms none of its neighbours in the batch.
//! - Each event's hash covers the one before it and the event as an auditor receives it.
//! - Secret and personal fields are ciphertext at rest and in every answer.

mod appender;
mod batch;
mod causes;
mod chain;
mod claims;
pub mod clock;
mod counts;
mod error;
mod executor;
mod feed;
mod follower;
mod head;
pub mod ids;
mod judge;
mod keys;
mod load;
mod metadata;
pub mod migrations;
mod past;
mod recount;
mod rehearsal;
mod replay;
mod repository;
mod seal;
mod signers;
mod stored;
mod unit;
mod verify;
mod versions;

use std::sync::Arc;

use authorization::Authorization;
use projections::{
    Guards,
    sql::{Boxed, Db},
};
use tokio::sync::watch;

pub use appender::{Appended, Appender};
pub use causes::{Cause, WithCauses};
pub use chain::{GENESIS, event_hash};
pub use error::{AppendError, LedgerError, Rejection};
pub use executor::{ExecuteError, Executor};
pub use feed::Filter;
pub use follower::{Follower, LOOK_EVERY};
pub use head::Head;
pub use keys::MasterKey;
pub use metadata::Metadata;
pub use past::PastError;
pub use recount::Miscount;
pub use rehearsal::Rehearsed;
pub use repository::Repository;
pub use seal::Sealer;
pub use signers::Signer;
pub use stored::{CloudEvent, Stored};
pub use unit::{LimitChange, Seen, Unit};

pub use aggregates::NewEvent;
pub use verify::{Flaw, Verified};
pub use versions::OtherVersions;

use crate::{batch::Batches, clock::Clock, ids::Entropy};

/// The channel on which nodes tell each other that the ledger grew.
const CHANNEL: &str = "muniment_ledger";
/// How a message begins that says that somebody was erased; their id follows.
const ERASED_MESSAGE: &str = "erased ";

/// The ledger of one database, as one process sees it.
#[derive(Clone)]
pub struct Ledger {
    db: Db,
    ledger_id: Arc<str>,
    sealer: Arc<Sealer>,
    appender: Appender,
    follower: Arc<Follower>,
    grown: watch::Receiver<i64>,
    replay: Arc<replay::Replay>,
    guards: Guards,
}

impl Ledger {
    /// Opens the ledger of a migrated database, making its first head row if there is none. Refuses a key that
    /// does not open it, and read models that another version of the program wrote.
    ///
    /// The authorization projection is brought up to the head before this returns: from the read models, or, if they are
    /// damaged, by replaying all events.
    pub async fn open(
        db: Db,
        key: &MasterKey,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        guards: Guards,
    ) -> Result<Self, LedgerError> {
        let head = Head::establish(&db, key, clock.as_ref(), entropy.as_ref()).await?;
        versions::establish(&db).await?;
        let authorization = load::authorization(&db, clock.now()).await;
        let ledger = Self::start(db, key, (clock, entropy), guards, head, authorization);
        ledger.read_to_head().await?;
        Ok(ledger)
    }

    /// Like [`Ledger::open`], with an empty authorization projection: for reading a ledger, even a damaged one.
    pub async fn open_unfollowed(
        db: Db,
        key: &MasterKey,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        guards: Guards,
    ) -> Result<Self, LedgerError> {
        let head = Head::establish(&db, key, clock.as_ref(), entropy.as_ref()).await?;
        Ok(Self::start(
            db,
            key,
            (clock, entropy),
            guards,
            head,
            Authorization::new(),
        ))
    }

    /// Refuses read models that another version of the program wrote.
    pub async fn check_versions(db: &Db) -> Result<(), LedgerError> {
        versions::check(&mut &*db).await
    }

    fn start(
        db: Db,
        key: &MasterKey,
        (clock, entropy): (Arc<dyn Clock>, Arc<dyn Entropy>),
        guards: Guards,
        head: Head,
        authorization: Authorization,
    ) -> Self {
        let sealer = Arc::new(Sealer::new(key, entropy));
        let ledger_id: Arc<str> = head.ledger_id.into();
        let (grew, grown) = watch::channel(head.position);
        let follower = Arc::new(Follower::new(
            db.clone(),
            Arc::clone(&sealer),
            Arc::new(authorization),
            Arc::clone(&clock),
            grew,
        ));
        let appender = Appender::start(
            db.clone(),
            Batches::new(Arc::clone(&ledger_id), Arc::clone(&sealer), clock, guards),
            Arc::clone(&sealer),
            Arc::clone(&follower),
        );
        Self {
            db,
            ledger_id,
            sealer,
            appender,
            follower,
            grown,
            replay: Arc::default(),
            guards,
        }
    }

    /// The database, for the read models' queries.
    pub fn db(&self) -> &Db {
        &self.db
    }

    /// The ledger's id: a UUID made with the first head row. Issuer of tokens and source of events.
    pub fn id(&self) -> &str {
        &self.ledger_id
    }

    /// The authorization projection of this process.
    pub fn authorization(&self) -> &Arc<Authorization> {
        self.follower.authorization()
    }

    /// Writes a unit, or answers why it is rejected. The answer comes after the commit, and after the authorization
    /// projection of this process has taken the events.
    pub async fn append(&self, unit: Unit) -> Result<Appended, AppendError> {
        self.appender.append(unit).await
    }

    /// Brings the authorization projection up to the head, however long that takes.
    pub async fn read_to_head(&self) -> Result<(), LedgerError> {
        self.follower.look().await
    }

    /// How old what this process knows is at most: how long ago the last look at the ledger began that reached its head.
    /// Everything that any node had recorded by then is in the authorization projection.
    pub fn age(&self) -> std::time::Duration {
        self.follower.age()
    }

    /// What follows other nodes' events; see [`Follower::run`].
    pub fn follower(&self) -> &Arc<Follower> {
        &self.follower
    }

    /// Waits until this process has taken the event at `position`, at most `patience`. Answers whether it has.
    pub fn wait_for<'a>(&'a self, position: i64, patience: std::time::Duration) -> Boxed<'a, bool> {
        Box::pin(async move {
            let mut grown = self.grown.clone();
            tokio::time::timeout(patience, async {
                if *grown.borrow_and_update() < position {
                    // Another node may have written it: look now instead of waiting for its notification.
                    let _ = self.follower.catch_up().await;
                }
                grown.wait_for(|reached| *reached >= position).await.is_ok()
            })
            .await
            .unwrap_or(false)
        })
    }

    /// Where the ledger ends, read from the database.
    pub fn head<'a>(&'a self) -> Boxed<'a, Result<Head, LedgerError>> {
        Box::pin(async move { Head::read_from(&self.db).await })
    }

    /// Erases a person: their key goes, and with it every personal field about them, in the ledger for ever and in
    /// the read models; and the claim on their name. The chain still verifies. Answers whether there was a key.
    pub async fn erase_subject(&self, subject: &str) -> Result<bool, AppendError> {
        self.appender.erase(subject).await
    }

    /// Ends when nothing can be appended any more: the appending task is gone.
    pub async fn appender_gone(&self) {
        self.appender.gone().await;
    }

    /// Loads streams for aggregates.
    pub fn repository(&self) -> Repository {
        Repository::new(self.clone())
    }

    fn sealer(&self) -> &Sealer {
        &self.sealer
    }

    /// Takes no more units, finishes those that wait, and closes the database.
    pub async fn close(&self) {
        self.appender.drain().await;
        self.follower.close().await;
        self.db.close().await;
    }
}
