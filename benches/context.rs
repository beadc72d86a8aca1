//! What all rows share: how much to measure, and on which database and files.

use std::{path::PathBuf, sync::Arc, time::Duration};

use aggregates::values::PasswordHash;
use ledger::{Ledger, MasterKey, clock::SystemClock, ids::SystemEntropy, migrations};
use projections::sql::{self, Db};
use server::identity::passwords::{HashingOptions, MayHash, Passwords};
use tokio::sync::OnceCell;

use crate::{measure::Window, postgres::Cluster, progress, seed};

/// An error is only a text, since the bench stops at the first error.
pub(crate) type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// The key of all ledgers of the bench. It equals the setting `sealing_key`.
pub(crate) const KEY: [u8; 32] = [0; 32];
/// [`KEY`] in base64.
pub(crate) const KEY_TEXT: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
/// The password hashing parameters that the server has by default.
pub(crate) const HASHING: HashingOptions = HashingOptions {
    memory_kib: 19_456,
    iterations: 2,
    parallelism: 1,
    workers: 1,
    queue: 128,
};
/// The database with the users and roles on which most rows are based.
const PEOPLE: &str = "bench_people";

/// How much to measure.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Options {
    /// The length of one measurement.
    pub(crate) seconds: u64,
    /// How often each thing is measured.
    pub(crate) rounds: usize,
    /// How many events to replay.
    pub(crate) events: u64,
    /// How many users the database has when commands are measured.
    pub(crate) users: u64,
    /// How many users with roles the database has when checks are measured.
    pub(crate) holders: u64,
    /// How many users to use for measuring the engine's memory.
    pub(crate) users_in_memory: u64,
    /// The warm-up before each measurement.
    pub(crate) warm_up: Duration,
}

impl Options {
    /// The options for real figures.
    pub(crate) const FULL: Self = Self {
        seconds: 5,
        rounds: 3,
        events: 1_000_000,
        users: 50_000,
        holders: 100_000,
        users_in_memory: 1_000_000,
        warm_up: Duration::from_millis(700),
    };
    /// The options that only show that everything works.
    pub(crate) const QUICK: Self = Self {
        seconds: 1,
        rounds: 1,
        events: 50_000,
        users: 2_000,
        holders: 5_000,
        users_in_memory: 100_000,
        warm_up: Duration::from_millis(200),
    };

    /// When to count.
    pub(crate) fn window(&self) -> Window {
        Window {
            warm_up: self.warm_up,
            length: Duration::from_secs(self.seconds),
        }
    }
}

/// The state of the run.
pub(crate) struct Bench {
    /// How much to measure.
    pub(crate) options: Options,
    /// The Postgres cluster.
    pub(crate) cluster: Cluster,
    /// A folder on the same disk as the cluster. Its files are deleted at the end of the run.
    pub(crate) folder: PathBuf,
    /// Muniment's binary.
    pub(crate) server: PathBuf,
    /// This binary.
    pub(crate) itself: PathBuf,
    people: OnceCell<()>,
    password_hash: OnceCell<PasswordHash>,
}

impl Bench {
    /// Takes what `scripts/bench` has prepared.
    pub(crate) fn from_environment(options: Options) -> Result<Self> {
        Ok(Self {
            options,
            cluster: Cluster::from_environment()?,
            folder: variable("BENCH_FOLDER")?.into(),
            server: variable("BENCH_SERVER")?.into(),
            itself: std::env::current_exe()?,
            people: OnceCell::new(),
            password_hash: OnceCell::new(),
        })
    }

    /// How many roles there are besides those of every installation.
    pub(crate) const ROLES: u64 = 200;

    /// A Postgres database of this name with users and roles. Nothing is connected to it.
    pub(crate) async fn database_of_people(&self, name: &str) -> Result<String> {
        self.people
            .get_or_try_init(async || {
                self.cluster.create(PEOPLE).await?;
                let ledger = open_ledger(&self.cluster.url(PEOPLE)).await?;
                self.fill_with_people(&ledger).await?;
                ledger.close().await;
                Ok::<_, Box<dyn std::error::Error + Send + Sync>>(())
            })
            .await?;
        self.cluster.copy(PEOPLE, name).await?;
        Ok(self.cluster.url(name))
    }

    /// A Postgres database of this name with the users for checks, each with roles. Nothing is connected to it.
    pub(crate) async fn database_of_holders(&self, name: &str) -> Result<String> {
        const MADE: &str = "bench_holders";
        self.cluster.create(MADE).await?;
        let ledger = open_ledger(&self.cluster.url(MADE)).await?;
        progress(&format!("  making {} users with roles", self.options.holders));
        seed::holders(&ledger, self.options.holders, &self.password_hash().await?).await?;
        ledger.close().await;
        self.cluster.copy(MADE, name).await?;
        Ok(self.cluster.url(name))
    }

    /// Writes the same users and roles into an empty ledger.
    pub(crate) async fn fill_with_people(&self, ledger: &Ledger) -> Result<()> {
        let users = self.options.users;
        progress(&format!("  making {users} users on {}", ledger.db().engine()));
        seed::people(ledger, users, Self::ROLES, &self.password_hash().await?).await
    }

    /// The hash of [`seed::PASSWORD`] under the default parameters.
    pub(crate) async fn password_hash(&self) -> Result<PasswordHash> {
        let make = async || {
            let passwords = Passwords::start(HASHING, Arc::new(SystemEntropy))?;
            let hash = passwords
                .hash(MayHash::without_requests(), seed::new_password()?)
                .await?;
            Ok::<_, Box<dyn std::error::Error + Send + Sync>>(hash)
        };
        Ok(self.password_hash.get_or_try_init(make).await?.clone())
    }

    /// The URL of a new SQLite file of this name.
    pub(crate) fn sqlite(&self, name: &str) -> String {
        let file = self.folder.join(name);
        for suffix in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(format!("{}{suffix}", file.display()));
        }
        format!("sqlite:{}", file.display())
    }
}

/// Migrates a database, and opens its ledger with an empty authorization engine.
pub(crate) async fn open_ledger(url: &str) -> Result<Ledger> {
    let db = Db::open(url, &sql::Options::default()).await?;
    migrations::migrate(&db).await?;
    let (clock, entropy) = (Arc::new(SystemClock), Arc::new(SystemEntropy));
    let key = MasterKey::new(KEY);
    // The first start stores the versions of the read models, without which nothing can be appended.
    let first = Ledger::open(
        Db::open(url, &sql::Options::default()).await?,
        &key,
        clock.clone(),
        entropy.clone(),
        projections::GUARDS,
    );
    first.await?.close().await;
    Ok(Ledger::open_unfollowed(db, &key, clock, entropy, projections::GUARDS).await?)
}

/// An environment variable that must exist.
pub(crate) fn variable(name: &str) -> Result<String> {
    std::env::var(name).map_err(|_| format!("{name} is not set: run scripts/bench").into())
}
