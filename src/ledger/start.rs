//! Opens a ledger, and starts the tasks of this process on it.

use std::sync::Arc;

use authorization::Authorization;
use projections::{
    Guards,
    sql::{Boxed, Db},
};
use tokio::sync::watch;

use super::{
    Appender, Clocks, Follower, Head, Heartbeat, KeyUses, Ledger, LedgerError, MasterKey, Refusals, Sealer,
    alike, batch::Batches, clock::Clock, ids::Entropy, load, loader::Loader, reached::Reached, seal::Keyring,
    versions,
};

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
            let head = Head::establish(&db, key, entropy.as_ref()).await?;
            let head = versions::establish(&db, head).await?;
            let keys = Keyring::load(&mut &db, key).await?;
            let head = alike::establish(&db, &Sealer::new(&keys, Arc::clone(&entropy)), head).await?;
            let head = Head::keep_out_older_programs(&db, head).await?;
            let authorization = load::authorization(&db, clock.now()).await;
            let known = (head.clone(), Some(head));
            let ledger = Self::start(db, &keys, (clock, entropy), guards, known, authorization);
            ledger.heartbeat.connect().await;
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
            let head = Head::establish(&db, key, entropy.as_ref()).await?;
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
        let clocks = Arc::new(Clocks::new(Arc::clone(&clock), head.recorded_at));
        let heartbeat = Arc::new(Heartbeat::new(
            db.clone(),
            entropy.uuid(),
            Arc::clone(&clock),
            Arc::clone(&clocks),
        ));
        let follower = Arc::new(Follower::new(
            db.clone(),
            Arc::clone(&sealer),
            Arc::new(authorization),
            (Arc::clone(&clock), Arc::clone(&heartbeat), Arc::clone(&clocks)),
            grew,
        ));
        let reached = Arc::new(Reached::default());
        let appender = Appender::start(
            db.clone(),
            Batches::new(
                Arc::clone(&ledger_id),
                Arc::clone(&sealer),
                (Arc::clone(&clock), Arc::clone(&clocks)),
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
        let key_uses = KeyUses::new(db.clone(), appender.clone(), Arc::clone(&clocks));
        Self {
            db,
            ledger_id,
            sealer,
            appender,
            loader,
            follower,
            heartbeat,
            clocks,
            grown,
            reached,
            replay: Arc::default(),
            refusals: Arc::new(refusals),
            key_uses: Arc::new(key_uses),
            guards,
        }
    }
}
