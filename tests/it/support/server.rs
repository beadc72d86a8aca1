//! The real server, as a separate process on a free port.

use std::{
    path::{Path, PathBuf},
    process::{ExitStatus, Output, Stdio},
    sync::Arc,
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, BufReader},
    process::{Child, Command},
    sync::watch,
    time::timeout,
};

use super::{
    client::Client,
    postgres::{Cluster, Database},
};

/// The password of the user `admin` on every server that is started here.
pub const ADMIN_PASSWORD: &str = "a test's own password";

/// The secret by which brokers prove that they ask, on every server that is started here.
pub const HOOKS_SECRET: &str = "the-secret-of-the-brokers";

/// The setting that says which Postgres database to use.
pub const DATABASE_URL: &str = "MUNIMENT_DATABASE_URL";
/// How long a start or an end may take before the test fails.
const PATIENCE: Duration = Duration::from_secs(30);

/// Where the server keeps its data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    Sqlite,
    Postgres,
}

/// Everything that a server needs to start. It outlives the process, so that another process can start on the same
/// data.
#[derive(Clone, Debug)]
pub struct Site {
    settings: Vec<(String, String)>,
    database: Option<Arc<Database>>,
    data: Arc<TempDir>,
}

impl Site {
    /// An empty data folder, and on Postgres an empty database.
    pub fn new(engine: Engine) -> Self {
        let database = match engine {
            Engine::Sqlite => None,
            Engine::Postgres => Some(Arc::new(Cluster::shared().create_database())),
        };
        let site = Self {
            settings: Vec::new(),
            database,
            data: Arc::new(data_folder()),
        };
        site.with("MUNIMENT_ADMIN_PASSWORD", ADMIN_PASSWORD)
            .with("MUNIMENT_HOOKS_LISTEN", "127.0.0.1:0")
            .with("MUNIMENT_HOOKS_SECRET", HOOKS_SECRET)
            // The least that argon2 allows: these tests are not about the strength of hashes.
            .with("MUNIMENT_PASSWORD_MEMORY_KIB", "8")
            .with("MUNIMENT_PASSWORD_ITERATIONS", "1")
            .with("MUNIMENT_LOG", "info")
    }

    /// Sets a setting, and replaces a former value.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self = self.without(name);
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Removes this setting.
    pub fn without(mut self, name: &str) -> Self {
        self.settings.retain(|(set, _)| set != name);
        self
    }

    /// Uses a clock that is ahead of the real one, e.g. `+25h`. The node does not mind that others have another time.
    pub fn at(self, offset: &str) -> Self {
        let settings = clock(offset);
        settings
            .into_iter()
            .fold(self, |site, (name, value)| site.with(name, &value))
            .with("MUNIMENT_CLOCK_BOUND_S", "1000000000")
    }

    /// The same database with another data folder, like a second node. The keys are copied.
    pub fn second_node(&self) -> Self {
        self.with_keys_of(self)
    }

    /// The same database with a data folder like that of another site.
    pub fn with_keys_of(&self, other: &Self) -> Self {
        let node = self.without_keys();
        copy_files(other.data(), node.data());
        node
    }

    /// The same database with an empty data folder.
    pub fn without_keys(&self) -> Self {
        assert!(
            self.database.is_some() || self.settings.iter().any(|(name, _)| name == DATABASE_URL),
            "on SQLite the database is in the data folder"
        );
        Self {
            data: Arc::new(data_folder()),
            ..self.clone()
        }
    }

    /// The address of the Postgres database. `None` on SQLite.
    pub fn database_url(&self) -> Option<&str> {
        self.database.as_ref().map(|database| database.url.as_str())
    }

    /// The data folder.
    pub fn data(&self) -> &Path {
        self.data.path()
    }

    /// The SQLite file in the data folder.
    pub fn sqlite_file(&self) -> PathBuf {
        let entries = std::fs::read_dir(self.data()).expect("the data folder should be readable");
        let paths = entries.map(|entry| entry.expect("the data folder should be readable").path());
        let is_database =
            |path: &PathBuf| std::fs::read(path).is_ok_and(|bytes| bytes.starts_with(b"SQLite format 3\0"));
        paths
            .into_iter()
            .find(is_database)
            .expect("there should be an SQLite file")
    }

    /// Runs `muniment` with these arguments and waits for its end.
    pub async fn run(&self, arguments: &[&str]) -> Output {
        let run = self.command(arguments).output();
        let output = timeout(PATIENCE, run)
            .await
            .unwrap_or_else(|_| panic!("{arguments:?} did not end"));
        output.expect("the server's binary should start")
    }

    /// Starts `muniment` with these arguments, and returns the process. Its stdout is a pipe.
    pub fn spawn(&self, arguments: &[&str]) -> Child {
        self.command(arguments)
            .spawn()
            .expect("the server's binary should start")
    }

    /// The same as [`Site::run`], by an account that owns nothing, and with a copy of the binary that this account can read. Only
    /// root can do this.
    pub async fn run_as_nobody(&self, binary: &Path, arguments: &[&str]) -> Output {
        let command = self.command(arguments);
        let given = command.as_std();
        let mut nobody = Command::new("setpriv");
        nobody
            .args(["--reuid=65534", "--regid=65534", "--clear-groups", "--"])
            .arg(binary)
            .args(given.get_args())
            .current_dir("/")
            .stdin(Stdio::null())
            .kill_on_drop(true);
        for (name, value) in given.get_envs() {
            match value {
                Some(value) => nobody.env(name, value),
                None => nobody.env_remove(name),
            };
        }
        let output = timeout(PATIENCE, nobody.output()).await;
        let output = output.unwrap_or_else(|_| panic!("{arguments:?} did not end"));
        output.expect("the server's binary should start")
    }

    /// Starts the server and waits until it listens.
    pub async fn start(self) -> Server {
        let mut server = self.try_start().await;
        if server.address.is_none() {
            let status = server.exit_status().await;
            panic!(
                "the server ended with {status} before it listened:\n{}",
                server.log()
            );
        }
        server
    }

    /// Starts a server that must refuse to start. Returns its exit status and its output.
    pub async fn refuses_to_start(self) -> (ExitStatus, String) {
        let mut server = self.try_start().await;
        assert!(
            server.address.is_none(),
            "the server should refuse to start:\n{}",
            server.log()
        );
        let status = server.exit_status().await;
        assert!(!status.success(), "a refusal should not look like success");
        (status, server.stdout() + &server.log())
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_muniment"));
        for (name, _) in
            std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("MUNIMENT_"))
        {
            command.env_remove(name);
        }
        command
            .args(arguments)
            .env("MUNIMENT_LISTEN", "127.0.0.1:0")
            .env("MUNIMENT_DATA_DIR", self.data())
            .envs(self.database.iter().map(|database| (DATABASE_URL, &database.url)))
            .envs(self.settings.iter().map(|(name, value)| (name, value)))
            .current_dir(self.data())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    async fn try_start(self) -> Server {
        let mut child = self
            .command(&[])
            .spawn()
            .expect("the server's binary should start");
        let stdout = Said::follow(child.stdout.take().expect("stdout is a pipe"));
        let stderr = Said::follow(child.stderr.take().expect("stderr is a pipe"));
        let listening = stdout.line_after("listening on ");
        let address = match timeout(PATIENCE, listening).await {
            Ok(address) => address,
            Err(_) => panic!(
                "the server did not listen within {PATIENCE:?}:\n{}",
                stderr.text()
            ),
        };
        Server {
            child,
            address,
            stdout,
            stderr,
            site: Some(self),
        }
    }
}

/// A running server. Dropping the value kills it.
#[derive(Debug)]
pub struct Server {
    child: Child,
    address: Option<String>,
    stdout: Said,
    stderr: Said,
    /// The last field is dropped last, so the process ends before its data is removed.
    site: Option<Site>,
}

impl Server {
    /// A server on empty data.
    pub async fn start(engine: Engine) -> Self {
        Site::new(engine).start().await
    }

    /// `http://ADDRESS`
    pub fn address(&self) -> &str {
        self.address
            .as_deref()
            .expect("a server that started has an address")
    }

    pub fn site(&self) -> &Site {
        self.site.as_ref().expect("a server has a site until it ends")
    }

    /// A caller without a credential.
    pub fn anonymous(&self) -> Client {
        Client::new(self.address())
    }

    /// `http://ADDRESS` of the listener of brokers.
    pub fn hooks_address(&self) -> String {
        let stdout = self.stdout();
        let mut lines = stdout.lines();
        let address = lines.find_map(|line| line.split_once("listening for brokers on "));
        address.expect("the server listens for brokers").1.to_owned()
    }

    /// The port of the listener of TLS.
    pub async fn tls_port(&self) -> u16 {
        let line = timeout(PATIENCE, self.stdout.line_after("listening on https://"));
        let address = line.await.expect("the server says so at once");
        let address = address.expect("the server listens with TLS");
        let port = address.rsplit_once(':').and_then(|(_, port)| port.parse().ok());
        port.expect("an address has a port")
    }

    /// A caller without the secret, on the listener of brokers.
    pub fn beside_brokers(&self) -> Client {
        Client::new(self.hooks_address())
    }

    /// A broker.
    pub fn broker(&self) -> Client {
        self.beside_brokers().bearer(HOOKS_SECRET)
    }

    /// The first user, after a login.
    pub async fn admin(&self) -> Client {
        self.anonymous().login("admin", ADMIN_PASSWORD).await
    }

    /// Everything that the server has written to stdout so far.
    pub fn stdout(&self) -> String {
        self.stdout.text()
    }

    /// Everything that the server has logged so far.
    pub fn log(&self) -> String {
        self.stderr.text()
    }

    /// Asks the server to end, and fails unless it ends with success. A server can start again on the returned site.
    #[must_use = "the site can be started again"]
    pub async fn terminate(self) -> Site {
        self.ask_to_end();
        let ended = self.ended().await;
        assert!(
            ended.status.success(),
            "the server ended with {}:\n{}",
            ended.status,
            ended.log
        );
        ended.site
    }

    /// Sends SIGTERM and returns at once.
    pub fn ask_to_end(&self) {
        self.signal(Signal::TERM);
    }

    /// Sends SIGHUP: the server should read its settings again.
    pub fn read_settings_again(&self) {
        self.signal(Signal::HUP);
    }

    /// Suspends the process until [`Server::go_on`].
    pub fn stand_still(&self) {
        self.signal(Signal::STOP);
    }

    /// Resumes the process after [`Server::stand_still`].
    pub fn go_on(&self) {
        self.signal(Signal::CONT);
    }

    /// The most memory that the process has had so far, in bytes.
    pub fn peak_memory(&self) -> usize {
        let id = self.child.id().expect("the server should still run");
        let status =
            std::fs::read_to_string(format!("/proc/{id}/status")).expect("Linux tells about a process");
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = line.and_then(|line| line.trim().strip_suffix(" kB")?.trim().parse::<usize>().ok());
        kib.expect("Linux tells the peak") << 10
    }

    fn signal(&self, signal: Signal) {
        let id = self
            .child
            .id()
            .and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
        let id = id.expect("the server should still run");
        kill_process(id, signal).expect("a child can be signalled");
    }

    /// Kills the server without a warning. A server can start again on the returned site.
    #[must_use = "the site can be started again"]
    pub async fn kill9(mut self) -> Site {
        self.child.start_kill().expect("the server should still run");
        self.ended().await.site
    }

    /// Ends the server normally and starts another on its data.
    pub async fn restart(self) -> Self {
        self.terminate().await.start().await
    }

    /// Waits until the server has ended.
    pub async fn ended(mut self) -> Ended {
        let status = self.exit_status().await;
        let site = self.site.take().expect("a server has a site until it ends");
        Ended {
            site,
            status,
            stdout: self.stdout(),
            log: self.log(),
        }
    }

    async fn exit_status(&mut self) -> ExitStatus {
        let end = async {
            let status = self.child.wait().await.expect("a child can be waited for");
            self.stdout.end().await;
            self.stderr.end().await;
            status
        };
        let status = timeout(PATIENCE, end).await;
        status.unwrap_or_else(|_| panic!("the server did not end within {PATIENCE:?}"))
    }
}

/// The remains of a server that has ended.
#[derive(Debug)]
pub struct Ended {
    /// A server can start again on this site.
    pub site: Site,
    pub status: ExitStatus,
    /// Everything that it wrote to stdout.
    pub stdout: String,
    /// Everything that it logged.
    pub log: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the server's log:\n{}", self.log());
        }
    }
}

/// The text that a process has written to a stream so far.
#[derive(Clone, Debug)]
struct Said(watch::Receiver<Written>);

#[derive(Debug, Default)]
struct Written {
    text: String,
    ended: bool,
}

impl Said {
    fn follow(stream: impl AsyncRead + Send + Unpin + 'static) -> Self {
        let (sender, receiver) = watch::channel(Written::default());
        tokio::spawn(async move {
            let mut stream = BufReader::new(stream);
            let mut line = Vec::new();
            while stream
                .read_until(b'\n', &mut line)
                .await
                .is_ok_and(|count| count > 0)
            {
                sender.send_modify(|written| written.text.push_str(&String::from_utf8_lossy(&line)));
                line.clear();
            }
            sender.send_modify(|written| written.ended = true);
        });
        Self(receiver)
    }

    fn text(&self) -> String {
        self.0.borrow().text.clone()
    }

    /// The rest of the first line with this beginning, once the line is there. `None` if the stream ends without it.
    async fn line_after(&self, beginning: &str) -> Option<String> {
        let find = |written: &Written| {
            // The last line is complete only when its line end is there.
            let whole = &written.text[..written.text.rfind('\n').map_or(0, |end| end + 1)];
            whole
                .lines()
                .find_map(|line| line.strip_prefix(beginning))
                .map(str::to_owned)
        };
        let mut lines = self.0.clone();
        let written = lines
            .wait_for(|written| written.ended || find(written).is_some())
            .await
            .ok()?;
        find(&written)
    }

    async fn end(&self) {
        let _ = self.0.clone().wait_for(|written| written.ended).await;
    }
}

/// The settings with which a program uses a clock that is off by this much, e.g. `+25h`. The program `faketime` is not
/// used: it names a semaphore by its process id, and fails if a killed program with the same id has left one.
pub fn clock(offset: &str) -> [(&'static str, String); 3] {
    [
        ("LD_PRELOAD", faketime()),
        ("FAKETIME", offset.to_owned()),
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()),
    ]
}

/// The library that shifts a process's clock.
fn faketime() -> String {
    let folders = std::fs::read_dir("/usr/lib")
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path());
    let library = folders
        .map(|folder| folder.join("faketime/libfaketimeMT.so.1"))
        .find(|path| path.is_file());
    let missing = "this test needs libfaketime; install it with: apt-get install faketime";
    library.expect(missing).to_string_lossy().into_owned()
}

fn data_folder() -> TempDir {
    tempfile::Builder::new()
        .prefix("muniment-data-")
        .tempdir()
        .expect("a temporary folder")
}

fn copy_files(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).expect("the folder should be readable") {
        let entry = entry.expect("the folder should be readable");
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            std::fs::create_dir(&target).expect("a folder should be made");
            copy_files(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), &target).expect("a file should be copied");
        }
    }
}
