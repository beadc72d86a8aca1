//! A migrated database for one test, ledgers on it, and units to append.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use aggregates::{
    Claims, Command, Event,
    role::{CreateRole, Role, RoleCommand, RoleEvent},
    session::{IssueToken, SessionCommand},
    user::{CreateUser, RoleGrant, UserCommand, UserEvent},
    values::{
        Audience, GrantMethod, GrantType, IdentityProvider, PasswordHash, RoleId, SessionId, Timestamp,
        TokenFingerprint, UserId,
    },
};
use cqrs_es::Aggregate;
use ledger::{
    Filter, Ledger, MasterKey, Metadata, NewEvent, Stored, Unit,
    clock::{Clock, SystemClock},
    ids::{Entropy, SystemEntropy},
    migrations,
};
use projections::{
    read_models::{self, READ_MODELS},
    rebuild::Shadow,
    sql::{Db, Options, sql},
};
use tempfile::TempDir;

use crate::support::{
    postgres::{Cluster, Database},
    server::Engine,
};

/// The database of an empty ledger.
#[derive(Debug)]
pub struct Site {
    pub engine: Engine,
    pub url: String,
    /// Whether the ledgers of this site decide everything under the head's lock.
    locked: bool,
    data: TempDir,
    _database: Option<Database>,
}

impl Site {
    pub async fn new(engine: Engine) -> Self {
        let site = Self::unmigrated(engine);
        let db = site.db().await;
        migrations::migrate(&db)
            .await
            .expect("the migrations should apply");
        db.close().await;
        site
    }

    pub fn unmigrated(engine: Engine) -> Self {
        let data = tempfile::Builder::new()
            .prefix("muniment-ledger-")
            .tempdir()
            .expect("a temporary folder");
        let database = matches!(engine, Engine::Postgres).then(|| Cluster::shared().create_database());
        let url = match &database {
            Some(database) => database.url.clone(),
            None => format!("sqlite:{}", data.path().join("ledger.sqlite").display()),
        };
        Self {
            engine,
            url,
            locked: false,
            data,
            _database: database,
        }
    }

    /// A migrated database that another process made.
    pub async fn at(engine: Engine, url: String) -> Self {
        let db = open_db(&url).await;
        migrations::migrate(&db)
            .await
            .expect("the migrations should apply");
        db.close().await;
        let data = tempfile::Builder::new()
            .prefix("muniment-ledger-")
            .tempdir()
            .expect("a temporary folder");
        Self {
            engine,
            url,
            locked: false,
            data,
            _database: None,
        }
    }

    pub async fn db(&self) -> Db {
        open_db(&self.url).await
    }

    /// From now on, the ledgers of this site decide everything under the head's lock.
    pub fn under_the_lock(mut self) -> Self {
        self.locked = true;
        self
    }

    pub fn is_under_the_lock(&self) -> bool {
        self.locked
    }

    pub async fn ledger(&self) -> Ledger {
        self.on_its_path(open(&self.url).await)
    }

    fn on_its_path(&self, ledger: Ledger) -> Ledger {
        if self.locked {
            ledger.paths().stay_locked();
        }
        ledger
    }

    pub async fn ledger_at(&self, clock: &TestClock) -> Ledger {
        let ledger = Ledger::open(
            self.db().await,
            &key(),
            Arc::new(clock.clone()),
            Arc::new(SystemEntropy),
            projections::GUARDS,
        )
        .await
        .expect("the ledger should open");
        self.on_its_path(ledger)
    }

    /// Where a shadow of the read models may be.
    pub fn shadow_url(&self) -> String {
        let file = self.data.path().join("shadow.sqlite");
        match self.engine {
            Engine::Sqlite => format!("sqlite:{}", file.display()),
            Engine::Postgres => self.url.clone(),
        }
    }

    /// Fails unless the chain is valid, and the snapshots and the read models equal the result of the events.
    pub async fn must_be_sound(&self, ledger: &Ledger) {
        let verified = ledger
            .verify(|_| ())
            .await
            .expect("the ledger should be readable");
        assert_eq!(verified.flaw, None);
        let checked = ledger
            .check_snapshots()
            .await
            .expect("the snapshots should be readable");
        assert_eq!(
            (checked.unused, checked.wrong),
            (0, vec![]),
            "snapshots differ from the events"
        );
        let db = self.db().await;
        let mut shadow = Shadow::create(&db, &self.shadow_url(), READ_MODELS)
            .await
            .expect("a shadow should be made");
        // Nothing can be appended during this transaction.
        let mut live = db.begin().await.expect("a transaction");
        let head = ledger::Head::lock(&mut live).await.expect("the head's lock");
        let mut position = 0;
        while position < head.position {
            let stored = ledger
                .after(position, 1_000, &Filter::default())
                .await
                .expect("events");
            position = stored.last().expect("an event up to the head").position;
            let events = ledger.open_events(&stored).await.expect("events should open");
            let mut tx = shadow.db().begin().await.expect("a transaction");
            read_models::apply(&mut tx, &events)
                .await
                .expect("events should apply");
            tx.commit().await.expect("a commit");
        }
        let differing = shadow
            .differing(&mut live)
            .await
            .expect("both should be readable");
        let names: Vec<_> = differing.iter().map(|table| table.name).collect();
        assert_eq!(
            names,
            Vec::<&str>::new(),
            "read models differ from what the events come to"
        );
        drop(live);
        shadow.drop(&db).await.expect("the shadow should go");
    }
}

pub fn key() -> MasterKey {
    MasterKey::new([7; 32])
}

pub async fn open_db(url: &str) -> Db {
    Db::open(url, &Options::default())
        .await
        .expect("the database should open")
}

pub async fn open(url: &str) -> Ledger {
    Ledger::open(
        open_db(url).await,
        &key(),
        Arc::new(SystemClock),
        Arc::new(SystemEntropy),
        projections::GUARDS,
    )
    .await
    .expect("the ledger should open")
}

/// A clock that stands still until a test sets it.
#[derive(Clone, Debug)]
pub struct TestClock {
    now: Arc<AtomicI64>,
    /// By how much it was set forward without time passing.
    jumped: Arc<AtomicI64>,
}

impl TestClock {
    pub fn at(micros: i64) -> Self {
        Self {
            now: Arc::new(AtomicI64::new(micros)),
            jumped: Arc::default(),
        }
    }

    /// Lets time pass until this moment.
    pub fn set(&self, micros: i64) {
        self.now.store(micros, Ordering::Relaxed);
    }

    /// Sets the clock to this moment, without time passing.
    pub fn jump_to(&self, micros: i64) {
        let before = self.now.swap(micros, Ordering::Relaxed);
        self.jumped.fetch_add(micros - before, Ordering::Relaxed);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.now.load(Ordering::Relaxed))
    }

    fn elapsed(&self) -> std::time::Duration {
        let passed = self.now.load(Ordering::Relaxed) - self.jumped.load(Ordering::Relaxed);
        std::time::Duration::from_micros(passed.unsigned_abs())
    }
}

/// The single number that a statement returns.
pub async fn number(db: &Db, text: &str) -> i64 {
    let row = db.optional(sql(text)).await.expect("the statement should run");
    row.expect("a row").int(0).expect("a number")
}

/// All events, as they are stored.
pub async fn stored(ledger: &Ledger) -> Vec<Stored> {
    ledger
        .after(0, 100_000, &Filter::default())
        .await
        .expect("the ledger should be readable")
}

pub fn metadata() -> Metadata {
    Metadata::system("test")
}

pub fn new_user() -> UserId {
    UserId(SystemEntropy.uuid())
}

pub fn new_role() -> RoleId {
    RoleId(SystemEntropy.uuid())
}

pub fn new_session() -> SessionId {
    SessionId(SystemEntropy.uuid())
}

/// A text that differs from all others.
pub fn unique(prefix: &str) -> String {
    format!("{prefix}-{}", SystemEntropy.uuid())
}

/// A unit of these events, without claims.
pub fn unit(events: Vec<NewEvent>) -> Unit {
    Unit {
        events,
        ..Unit::new(metadata())
    }
}

/// The creation of a role, with its claims.
pub fn role_unit(id: RoleId, name: &str) -> Unit {
    let created = RoleEvent::Created {
        name: name.parse().expect("a role name"),
        is_shared: true,
        auto_generated: false,
        protected: false,
    };
    let mut role = Role::default();
    role.apply(created.clone());
    let id = id.to_string();
    let mut unit = unit(vec![NewEvent {
        aggregate_id: id.clone(),
        sequence: 1,
        event: Event::Role(created),
    }]);
    let claims = role.claims(&id).into_iter();
    unit.take.extend(claims.map(|claim| (claim, id.clone())));
    unit
}

/// An event that is valid at any place in the stream of any user.
pub fn tokens_revoked(id: UserId, sequence: i64) -> NewEvent {
    NewEvent {
        aggregate_id: id.to_string(),
        sequence,
        event: Event::User(UserEvent::TokensRevoked {}),
    }
}

pub fn create_user(username: &str) -> CreateUser {
    CreateUser {
        username: username.parse().expect("a username"),
        identity_provider: IdentityProvider::Local,
        auto_generated: false,
        mqtt_publish_prefix: None,
        grant_types: vec![GrantType {
            method: GrantMethod::Password,
            is_required: false,
        }],
        enforce_mfa_enrollment: false,
        password_hash: Some(PasswordHash::new("$argon2id$a-password-hash")),
        must_change_password: false,
        roles: vec![],
        permissions: vec![],
        certificates: vec![],
    }
}

pub fn user_created(id: UserId, username: &str) -> Command {
    Command::User(id, UserCommand::Create(create_user(username)))
}

pub fn role_created(id: RoleId, name: &str) -> Command {
    Command::Role(
        id,
        RoleCommand::Create(CreateRole {
            name: name.parse().expect("a role name"),
            is_shared: true,
            auto_generated: false,
            protected: false,
            permissions: vec![],
        }),
    )
}

pub fn role_granted(id: UserId, role_id: RoleId) -> Command {
    let grant = RoleGrant {
        role_id,
        is_shared: true,
    };
    Command::User(id, UserCommand::GrantRole(grant))
}

pub fn token_issued(id: SessionId, user_id: UserId, label: &str) -> Command {
    let mut digest = [0; 32];
    digest[..16].copy_from_slice(id.0.as_bytes());
    Command::Session(
        id,
        SessionCommand::IssueToken(IssueToken {
            user_id,
            face: Audience::Connectware,
            fingerprint: TokenFingerprint::from_digest(digest),
            label: label.parse().expect("a label"),
            methods: vec![GrantMethod::Password],
            issued_at: Timestamp::from_micros(1_000_000),
            expires_at: Timestamp::from_micros(2_000_000),
        }),
    )
}
