//! The ledger: one ordered, tamper-evident sequence of events.
//!
//! The ledger guarantees the following. Each guarantee has a test that fails without it:
//!
//! - Positions are 1, 2, 3, … in commit order, without gaps, across processes: the lock of the head row makes the order.
//! - A unit of events is written completely or not at all, with its claims and the read models, in one transaction.
//! - A conflict rejects one unit and harms no other unit of the batch.
//! - The hash of each event covers the hash before it and the event as an auditor receives it.
//! - Secret and personal fields are ciphertext at rest and in every answer.

mod ages;
mod ahead;
mod alike;
mod appender;
pub mod audit;
mod background;
mod batch;
mod beside;
mod causes;
mod chain;
mod claims;
mod clearings;
pub mod clock;
mod clocks;
mod counts;
mod cursors;
mod durability;
mod error;
mod executor;
mod feed;
mod follower;
mod giving;
mod head;
mod heartbeat;
mod held;
pub mod ids;
mod json;
mod judge;
mod key_uses;
mod keys;
mod kicks;
mod landing;
mod list_numbers;
mod load;
mod loader;
mod logins;
mod metadata;
pub mod migrations;
mod moment;
mod opening;
mod overlap;
mod pace;
mod past;
mod pending;
mod reached;
mod rebuild;
mod recount;
mod refusals;
mod rehearsal;
mod rekey;
mod replay;
mod repository;
mod rest;
mod rhythm;
mod rows;
mod seal;
mod sealed;
mod signers;
mod snapshots;
mod start;
mod stored;
mod streams;
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

pub use alike::{AlikeNames, AlikePair, Incomplete};
pub use appender::{Appended, Appender};
pub use background::keep_running;
pub use causes::{Cause, WithCauses};
pub use chain::{GENESIS, event_hash};
pub use claims::{ClaimFlaw, ComparedClaims, StoredClaim};
pub use clearings::{Clearing, ask_to_clear, clearings_since};
pub use clocks::{ClockOff, Clocks};
pub use cursors::BrokerCursor;
pub use durability::{Concern, Durability};
pub use error::{AppendError, ExecuteError, LedgerError, Rejection};
pub use executor::{Attempted, Attempts, Change, Executor};
pub use feed::{EventPage, Filter, OpenedPages, Pages};
pub use follower::{Follower, LOOK_EVERY};
pub use head::Head;
pub use heartbeat::Heartbeat;
pub use key_uses::KeyUses;
pub use keys::MasterKey;
pub use kicks::{BrokerError, KeptForBroker, KicksLeft, OpenKick, forget_broker, kept_for_brokers};
pub use list_numbers::ListNumber;
pub use loader::Loads;
pub use logins::PastLogin;
pub use metadata::Metadata;
pub use pace::{Because, Paths};
pub use past::PastError;
pub use recount::{Miscount, recount};
pub use refusals::{Keeping, Object, Overdue, Recent, Refusals, Refused, RefusedKind, network_of};
pub use rehearsal::Rehearsed;
pub use rekey::{Rekeyed, is_key_of, rekey};
pub use repository::Repository;
pub use seal::Sealer;
pub use signers::Signer;
pub use snapshots::{CheckedSnapshots, NewSnapshot, RebuiltSnapshots, WrongSnapshot};
pub use stored::{CloudEvent, Stored};
pub use unit::{LimitChange, Seen, Unit};

pub use aggregates::NewEvent;
pub use verify::{Flaw, Verified};
pub use versions::OtherVersions;

use crate::{loader::Loader, reached::Reached};

/// The channel on which nodes notify each other that the ledger grew.
const CHANNEL: &str = "muniment_ledger";
/// The beginning of the message that a person was erased; their id follows.
const ERASED_MESSAGE: &str = "erased ";

/// The ledger of one database, as one process uses it.
#[derive(Clone)]
pub struct Ledger {
    db: Db,
    ledger_id: Arc<str>,
    sealer: Arc<Sealer>,
    appender: Appender,
    loader: Loader,
    follower: Arc<Follower>,
    heartbeat: Arc<Heartbeat>,
    clocks: Arc<Clocks>,
    grown: watch::Receiver<i64>,
    reached: Arc<Reached>,
    replay: Arc<replay::Replay>,
    refusals: Arc<Refusals>,
    key_uses: Arc<KeyUses>,
    guards: Guards,
}

impl Ledger {
    /// The database, for the read models' queries.
    pub fn db(&self) -> &Db {
        &self.db
    }

    /// The ledger's id: a UUID that is made with the head row. It is the issuer of tokens and the source of events.
    pub fn id(&self) -> &str {
        &self.ledger_id
    }

    /// The authorization projection of this process.
    pub fn authorization(&self) -> &Arc<Authorization> {
        self.follower.authorization()
    }

    /// Writes a unit, or returns why it is rejected. It returns after the commit, and after the authorization
    /// projection of this process has applied the events.
    pub async fn append(&self, unit: Unit) -> Result<Appended, AppendError> {
        self.appender.append(unit).await
    }

    /// How many batches of this process were decided without the lock, and how many under it.
    pub fn paths(&self) -> &Paths {
        self.appender.paths()
    }

    /// What this process has read to load streams.
    pub fn loads(&self) -> &Loads {
        self.loader.loads()
    }

    /// How many units, and requests for erasures, wait until the appender takes them.
    pub fn waiting(&self) -> usize {
        self.appender.waiting()
    }

    /// Brings the authorization projection to the head, however long that takes.
    pub fn read_to_head<'a>(&'a self) -> Boxed<'a, Result<(), LedgerError>> {
        Box::pin(async move { self.follower.look().await })
    }

    /// How old the knowledge of this process is at most. The authorization projection contains everything that any node had recorded before
    /// that time: a look at the ledger began then or later, and on Postgres so did a commit, which proves that the look was at the primary.
    pub fn age(&self) -> std::time::Duration {
        self.follower.age()
    }

    /// The follower, which applies the events of other nodes; see [`Follower::run`].
    pub fn follower(&self) -> &Arc<Follower> {
        &self.follower
    }

    /// Proves that the database takes the writes of this node; see [`Heartbeat::run`].
    pub fn heartbeat(&self) -> &Arc<Heartbeat> {
        &self.heartbeat
    }

    /// Compares the clock of this node with others.
    pub fn clocks(&self) -> &Clocks {
        &self.clocks
    }

    /// Waits until this process has applied the event at `position`, but at most `patience`. Returns whether it has.
    pub fn wait_for<'a>(&'a self, position: i64, patience: std::time::Duration) -> Boxed<'a, bool> {
        Box::pin(async move {
            let mut grown = self.grown.clone();
            tokio::time::timeout(patience, async {
                if *grown.borrow_and_update() < position {
                    // Another node may have written the event: look now instead of waiting for its notification.
                    let _ = self.follower.catch_up().await;
                }
                grown.wait_for(|reached| *reached >= position).await.is_ok()
            })
            .await
            .unwrap_or(false)
        })
    }

    /// Erases a person: deletes their key, and so every personal field about them in the ledger, for ever; blanks these
    /// fields in the read models; deletes the claim on their name. The chain stays valid. Returns whether there was a
    /// key.
    pub fn erase_subject<'a>(&'a self, subject: &'a str) -> Boxed<'a, Result<bool, AppendError>> {
        Box::pin(async move { self.appender.erase(subject).await })
    }

    /// Returns once nothing can be appended any more, because the appending task has ended.
    pub async fn appender_gone(&self) {
        self.appender.gone().await;
    }

    /// Returns once no stream can be loaded any more, because the loading task has ended.
    pub async fn loader_gone(&self) {
        self.loader.gone().await;
    }

    /// The repository that loads streams for aggregates.
    pub fn repository(&self) -> Repository {
        Repository::new(self.clone())
    }

    fn loader(&self) -> &Loader {
        &self.loader
    }

    /// A key for one purpose, derived from the key that sealed the ledger first: all nodes derive the same one, also after `muniment rekey`. For
    /// what the ledger keeps.
    pub fn lasting_key_for(&self, purpose: &str) -> zeroize::Zeroizing<[u8; 32]> {
        self.sealer.lasting_key_for(purpose)
    }

    /// The same, derived from the key that seals now. For what lives for a short time.
    pub fn present_key_for(&self, purpose: &str) -> zeroize::Zeroizing<[u8; 32]> {
        self.sealer.present_key_for(purpose)
    }

    fn sealer(&self) -> &Sealer {
        &self.sealer
    }

    /// Stores the refusals and the uses of API keys in memory, accepts no more units, finishes those that wait, and closes the database.
    pub async fn close(&self) {
        tokio::join!(self.refusals.close(), self.key_uses.close());
        self.appender.drain().await;
        self.loader.close().await;
        self.follower.close().await;
        self.heartbeat.close().await;
        self.db.close().await;
    }
}
