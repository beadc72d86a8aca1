//! The whole server in this process. There is no socket and no sleeping, and time passes only when the test says so.

use std::{
    collections::BTreeMap,
    io::Write,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use aggregates::values::Timestamp;
use axum::Router;
use ledger::{Executor, Ledger, MasterKey, Signer, clock::Clock, ids::Entropy, migrations};
use muniment::{faces::FACES, openapi};
use projections::sql::{Boxed, Db, Options};
use rand::{RngCore, SeedableRng, rngs::StdRng};
use server::{
    App, Faces, Front,
    app::Parts,
    bootstrap, described,
    identity::{keys, passwords::Passwords, tokens::Tokens},
    settings::Settings,
};
use tempfile::TempDir;
use tokio::sync::watch;
use tracing::Level;
use tracing_subscriber::{filter::Targets, fmt, prelude::*};
use utoipa::openapi::OpenApi;

use crate::client::Client;

/// The password of the user `admin` on every server of a test.
pub const ADMIN_PASSWORD: &str = "a test's own password";
/// The secret by which brokers prove that they ask, on every server of a test.
pub const HOOKS_SECRET: &str = "the-secret-of-the-brokers";
/// The time at which every test begins.
const BEGINNING: &str = "2026-01-31T12:00:00Z";
/// Each read of the clock moves it by so many microseconds, so that no two events have the same time.
const TICK_MICROS: i64 = 1_000;

/// A server in this process.
pub struct Server {
    app: App,
    front: Arc<Front>,
    for_brokers: Arc<Front>,
    clock: Arc<MovingClock>,
    _data: TempDir,
}

impl Server {
    /// Starts the server of the binary on an empty ledger.
    pub async fn start() -> Self {
        Self::start_with(FACES, &[]).await
    }

    /// Starts the server of the binary with these settings in addition to those of all tests.
    pub async fn start_set(settings: &[(&str, &str)]) -> Self {
        Self::start_with(FACES, settings).await
    }

    /// Starts a server with these faces, and with these settings in addition to those of all tests.
    pub async fn start_with(faces: Faces, settings: &[(&str, &str)]) -> Self {
        start_logging();
        let data = tempfile::tempdir().expect("a temporary folder");
        let settings = settings_of(&data, faces, settings);
        let clock = Arc::new(MovingClock::default());
        let entropy: Arc<dyn Entropy> = Arc::new(SeededEntropy::default());
        let db = Db::open(&settings.database(), &Options::default())
            .await
            .expect("SQLite opens");
        migrations::migrate(&db).await.expect("the schema is made");
        let key = MasterKey::new([7; 32]);
        let ledger = Ledger::open(
            db,
            &key,
            Arc::<MovingClock>::clone(&clock),
            Arc::clone(&entropy),
            projections::GUARDS,
        )
        .await
        .expect("the ledger opens");
        let signing = keys::signing_key(None, &settings.data_dir, entropy.as_ref()).expect("a key");
        let tokens = Tokens::new(ledger.id(), &signing).expect("the key signs");
        let (key_id, public_key) = tokens.public();
        let signer = Signer { key_id, public_key };
        ledger
            .admit_signer(signer, clock.as_ref())
            .await
            .expect("the key is admitted");
        let passwords = Passwords::start(settings.hashing(), Arc::clone(&entropy)).expect("hashing starts");
        let executor = Executor::new(ledger);
        let rules = settings.password_rules().expect("the rules for passwords");
        let given = settings.admin_password.as_ref();
        bootstrap::first_start(&executor, faces, &passwords, &rules, entropy.as_ref(), given)
            .await
            .expect("there is a first administrator");
        tokio::spawn(Arc::clone(executor.ledger().refusals()).run(settings.keeping()));
        tokio::spawn(Arc::clone(executor.ledger().key_uses()).run());
        let app = App::new(Parts {
            faces,
            settings,
            password_rules: rules,
            executor,
            passwords,
            tokens,
            clock: Arc::<MovingClock>::clone(&clock),
            entropy,
        });
        let described = described(OpenApi::default(), faces);
        let front = Arc::new(Front::new(app.clone(), described, |_| Router::new()));
        let for_brokers = Arc::new(openapi::front_for_brokers(app.clone()));
        Self {
            app,
            front,
            for_brokers,
            clock,
            _data: data,
        }
    }

    /// A caller without a credential.
    pub fn anonymous(&self) -> Client {
        Client::in_process(Arc::clone(&self.front))
    }

    /// A caller without the secret, on the listener of brokers.
    pub fn beside_brokers(&self) -> Client {
        Client::in_process(Arc::clone(&self.for_brokers))
    }

    /// A broker.
    pub fn broker(&self) -> Client {
        self.beside_brokers().bearer(HOOKS_SECRET)
    }

    /// The first user, after a login.
    pub async fn admin(&self) -> Client {
        self.anonymous().login("admin", ADMIN_PASSWORD).await
    }

    /// The address that clients of this server use.
    pub fn address(&self) -> &str {
        Client::IN_PROCESS
    }

    /// Everything that this process has logged so far.
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&LOG.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }

    /// The state of the server.
    pub fn app(&self) -> &App {
        &self.app
    }

    /// The front, which answers requests.
    pub fn front(&self) -> &Arc<Front> {
        &self.front
    }

    /// Lets time pass. The server works meanwhile, so what it knows is fresh.
    pub async fn pass(&self, time: Duration) {
        self.advance(time);
        self.stand_still(time);
        let ledger = self.app.ledger();
        ledger.read_to_head().await.expect("the database answers");
    }

    /// Sets the clock forward. For the clock that nobody can set, no time passes.
    pub fn advance(&self, by: Duration) {
        let micros = i64::try_from(by.as_micros()).expect("a time that a test can wait");
        self.clock.micros.fetch_add(micros, Ordering::Relaxed);
    }

    /// Sets the clock back, as somebody does who corrects it.
    pub fn set_back(&self, by: Duration) {
        let micros = i64::try_from(by.as_micros()).expect("a time that a test can wait");
        self.clock.micros.fetch_sub(micros, Ordering::Relaxed);
    }

    /// How long the server has rested since the last call, in order: before the answers to wrong passwords.
    pub fn rests(&self) -> Vec<Duration> {
        std::mem::take(&mut *self.clock.rests.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Suspends the process for so long, so that its memory is out of date by this time.
    pub fn stand_still(&self, for_so_long: Duration) {
        let micros = u64::try_from(for_so_long.as_micros()).expect("a time that a test can wait");
        self.clock.elapsed.send_modify(|elapsed| *elapsed += micros);
    }
}

/// What this process logged.
static LOG: Mutex<Vec<u8>> = Mutex::new(Vec::new());

/// Writes to [`LOG`].
struct ToLog;

impl Write for ToLog {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        LOG.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn start_logging() {
    let levels = Targets::new()
        .with_default(Level::DEBUG)
        .with_target("sqlx", Level::WARN);
    let lines = fmt::layer().with_ansi(false).with_writer(|| ToLog);
    let subscriber = tracing_subscriber::registry().with(lines.with_filter(levels));
    // Another test of this process may have started the logging.
    let _ = subscriber.try_init();
}

fn settings_of(data: &TempDir, faces: Faces, more: &[(&str, &str)]) -> Settings {
    let folder = data
        .path()
        .to_str()
        .expect("the path of a temporary folder is UTF-8");
    let all = [
        ("MUNIMENT_DATA_DIR", folder),
        ("MUNIMENT_ADMIN_PASSWORD", ADMIN_PASSWORD),
        ("MUNIMENT_HOOKS_SECRET", HOOKS_SECRET),
        // The least that argon2 allows: these tests are not about the strength of hashes.
        ("MUNIMENT_PASSWORD_MEMORY_KIB", "8"),
        ("MUNIMENT_PASSWORD_ITERATIONS", "1"),
    ];
    let all = all.iter().chain(more);
    let variables: BTreeMap<String, String> = all
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    Settings::from("", variables, faces.settings()).expect("the settings are possible")
}

/// A clock that the test moves. In addition it ticks with each read.
struct MovingClock {
    micros: AtomicI64,
    elapsed: watch::Sender<u64>,
    rests: Mutex<Vec<Duration>>,
}

impl Default for MovingClock {
    fn default() -> Self {
        let beginning = Timestamp::parse(BEGINNING).expect("a time");
        Self {
            micros: AtomicI64::new(beginning.micros()),
            elapsed: watch::Sender::new(0),
            rests: Mutex::default(),
        }
    }
}

impl Clock for MovingClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.micros.fetch_add(TICK_MICROS, Ordering::Relaxed))
    }

    fn elapsed(&self) -> Duration {
        Duration::from_micros(*self.elapsed.borrow())
    }

    /// Ends when the test has let so much time pass.
    fn after(&self, time: Duration) -> Boxed<'static, ()> {
        let end = self.elapsed() + time;
        let mut elapsed = self.elapsed.subscribe();
        Box::pin(async move {
            // The clock lives as long as the server.
            let _ = elapsed.wait_for(|now| Duration::from_micros(*now) >= end).await;
        })
    }

    /// Notes how long somebody rests, and does not wait.
    fn rest(&self, time: Duration) -> Boxed<'static, ()> {
        self.rests
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(time);
        Box::pin(std::future::ready(()))
    }
}

/// Ids, keys and salts that are the same in each run.
struct SeededEntropy(Mutex<StdRng>);

impl Default for SeededEntropy {
    fn default() -> Self {
        Self(Mutex::new(StdRng::seed_from_u64(7)))
    }
}

impl Entropy for SeededEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .fill_bytes(bytes);
    }
}
