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
mod counts;
mod cursors;
mod error;
mod executor;
mod feed;
mod follower;
mod giving;
mod head;
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
pub use clearings::{Clearing, ask_to_clear, clearings_since};
pub use cursors::BrokerCursor;
pub use error::{AppendError, ExecuteError, LedgerError, Rejection};
pub use executor::Executor;
pub use feed::{EventPage, Filter, OpenedPages, Pages};
pub use follower::{Follower, LOOK_EVERY};
pub use head::Head;
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
use seal::Keyring;
pub use seal::Sealer;
pub use signers::Signer;
pub use snapshots::{CheckedSnapshots, NewSnapshot, RebuiltSnapshots, WrongSnapshot};
pub use stored::{CloudEvent, Stored};
pub use unit::{LimitChange, Seen, Unit};

pub use aggregates::NewEvent;
pub use verify::{Flaw, Verified};
pub use versions::OtherVersions;

use crate::{batch::Batches, clock::Clock, ids::Entropy, loader::Loader, reached::Reached};

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
    grown: watch::Receiver<i64>,
    reached: Arc<Reached>,
    replay: Arc<replay::Replay>,
    refusals: Arc<Refusals>,
    key_uses: Arc<KeyUses>,
    guards: Guards,
}

impl Ledger {
    /// Opens the ledger of a migrated database; creates the head row if there is none. Returns an error if the key does
    /// not open the ledger, or if another version of the program wrote the read models.
    ///
    /// Before this returns, the authorization projection is at the head. It is filled from the read models or, if they
    /// are damaged, by a replay of all events.
    pub fn open<'a>(
        db: Db,
        key: &'a MasterKey,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        guards: Guards,
    ) -> Boxed<'a, Result<Self, LedgerError>> {
        Box::pin(async move {
            let head = Head::establish(&db, key, clock.as_ref(), entropy.as_ref()).await?;
            let head = versions::establish(&db, head).await?;
            let keys = Keyring::load(&mut &db, key).await?;
            let head = alike::establish(&db, &Sealer::new(&keys, Arc::clone(&entropy)), head).await?;
            let head = Head::keep_out_older_programs(&db, head).await?;
            let authorization = load::authorization(&db, clock.now()).await;
            let known = (head.clone(), Some(head));
            let ledger = Self::start(db, &keys, (clock, entropy), guards, known, authorization);
            ledger.read_to_head().await?;
            Ok(ledger)
        })
    }

    /// Like [`Ledger::open`], but with an empty authorization projection: for reading a ledger, even a damaged one.
    pub fn open_unfollowed<'a>(
        db: Db,
        key: &'a MasterKey,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        guards: Guards,
    ) -> Boxed<'a, Result<Self, LedgerError>> {
        Box::pin(async move {
            let head = Head::establish(&db, key, clock.as_ref(), entropy.as_ref()).await?;
            let keys = Keyring::load(&mut &db, key).await?;
            // This function does not check the versions of the read models. Without a tip, the first append checks them.
            let known = (head, None);
            Ok(Self::start(
                db,
                &keys,
                (clock, entropy),
                guards,
                known,
                Authorization::new(),
            ))
        })
    }

    /// Opens a ledger only to read it, even a damaged one, with an empty authorization projection. Writes nothing. Returns `None` if
    /// the database has no ledger. Without the key, sealed fields and snapshots do not open.
    pub fn look<'a>(
        db: Db,
        key: Option<&'a MasterKey>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Boxed<'a, Result<Option<Self>, LedgerError>> {
        Box::pin(async move {
            let Some(head) = Head::checked(&db, key).await? else {
                return Ok(None);
            };
            let keys = match key {
                Some(key) => Keyring::load(&mut &db, key).await?,
                None => Keyring::of(&MasterKey::new([0; 32])),
            };
            let known = (head, None);
            let authorization = Authorization::new();
            Ok(Some(Self::start(
                db,
                &keys,
                (clock, entropy),
                &[],
                known,
                authorization,
            )))
        })
    }

    /// Refuses read models that another version of the program wrote.
    pub async fn check_versions(db: &Db) -> Result<(), LedgerError> {
        versions::check(&mut &*db).await
    }

    fn start(
        db: Db,
        keys: &Keyring,
        (clock, entropy): (Arc<dyn Clock>, Arc<dyn Entropy>),
        guards: Guards,
        (head, tip): (Head, Option<Head>),
        authorization: Authorization,
    ) -> Self {
        let sealer = Arc::new(Sealer::new(keys, Arc::clone(&entropy)));
        let ledger_id: Arc<str> = head.ledger_id.as_str().into();
        let (grew, grown) = watch::channel(head.position);
        let follower = Arc::new(Follower::new(
            db.clone(),
            Arc::clone(&sealer),
            Arc::new(authorization),
            Arc::clone(&clock),
            grew,
        ));
        let reached = Arc::new(Reached::default());
        let appender = Appender::start(
            db.clone(),
            Batches::new(
                Arc::clone(&ledger_id),
                Arc::clone(&sealer),
                Arc::clone(&clock),
                guards,
                tip,
            ),
            Arc::clone(&sealer),
            Arc::clone(&follower),
            Arc::clone(&reached),
        );
        let loader = Loader::start(&db, Arc::clone(&sealer), Arc::clone(&reached));
        let refusals = Refusals::new(
            db.clone(),
            appender.clone(),
            Arc::clone(&sealer),
            (clock, entropy),
        );
        let key_uses = KeyUses::new(db.clone(), appender.clone());
        Self {
            db,
            ledger_id,
            sealer,
            appender,
            loader,
            follower,
            grown,
            reached,
            replay: Arc::default(),
            refusals: Arc::new(refusals),
            key_uses: Arc::new(key_uses),
            guards,
        }
    }

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

    /// How old the knowledge of this process is at most: the time since the beginning of the last look that reached the
    /// head. The authorization projection contains everything that any node had recorded by then.
    pub fn age(&self) -> std::time::Duration {
        self.follower.age()
    }

    /// The follower, which applies the events of other nodes; see [`Follower::run`].
    pub fn follower(&self) -> &Arc<Follower> {
        &self.follower
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
        self.db.close().await;
    }
}
