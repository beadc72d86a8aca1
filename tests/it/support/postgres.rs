//! Throw-away Postgres clusters from the installed binaries, on free ports of the loopback address.
//!
//! Starting a cluster takes seconds, and nextest runs each test in a process of its own. So all processes of one user
//! on one work tree share one cluster, and each test has a database of its own. The protocol uses these files in a
//! folder under the temporary folder:
//!
//! * `lease`: each process that uses the cluster holds a shared lock on it. The kernel releases the lock however the
//!   process ends.
//! * `guard`: `postgres-guard.sh` holds an exclusive lock on it. The cluster is a child of this guard. The guard stops
//!   the cluster and removes the folder when the lease has been free for a while. If the guard is killed, the cluster
//!   ends, too.
//! * `start`: a process holds an exclusive lock on it while it checks for a cluster or starts one.
//! * `address`: the port and password, once the cluster is ready.
//!
//! A folder without a guard was left by a killed guard; it is used again.

use std::{
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    hash::{DefaultHasher, Hash, Hasher},
    io::{self, BufRead, BufReader, Read, Write},
    net::TcpListener,
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::OnceLock,
};

const GUARD: &str = include_str!("postgres-guard.sh");
const INSTALL: &str = "install it with: apt-get install postgresql (or run scripts/install-test-tools)";

/// The options of a cluster.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Whether commits wait for the disk. Without it, tests are faster; only tests about durability need it.
    pub fsync: bool,
    /// For how many seconds the cluster runs after its last user has ended.
    pub patience: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            fsync: true,
            patience: 60,
        }
    }
}

/// A running cluster. It lives as long as this value and somewhat longer.
#[derive(Debug)]
pub struct Cluster {
    bin: PathBuf,
    port: u16,
    password: String,
    _lease: File,
}

impl Cluster {
    /// The cluster that all tests of this user and work tree share. No test of it cuts the power, so it need not wait
    /// for the disk. `MUNIMENT_TEST_FSYNC=on` makes it wait.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Cluster> = OnceLock::new();
        SHARED.get_or_init(|| {
            let fsync = std::env::var_os("MUNIMENT_TEST_FSYNC").is_some_and(|value| value == "on");
            let settings = Settings {
                fsync,
                ..Settings::default()
            };
            let here = Path::new(env!("CARGO_MANIFEST_DIR"));
            let workspace = here
                .ancestors()
                .find(|folder| folder.join("Cargo.lock").is_file());
            let mut key = DefaultHasher::new();
            (workspace, GUARD, settings.fsync).hash(&mut key);
            let folder = format!("muniment-postgres-{}-{:016x}", user_id(), key.finish());
            Self::at(&std::env::temp_dir().join(folder), settings)
        })
    }

    /// Makes an empty database. Its owner is a role that is not a superuser.
    pub fn create_database(&self) -> Database {
        let name = format!("test_{}", random());
        self.run(&format!("CREATE DATABASE {name} OWNER muniment"));
        Database {
            url: format!(
                "postgres://muniment:{}@127.0.0.1:{}/{name}",
                self.password, self.port
            ),
            drop: self.psql(&format!("DROP DATABASE {name} WITH (FORCE)")),
        }
    }

    fn run(&self, sql: &str) {
        let output = self.psql(sql).output().expect("psql should start");
        assert!(
            output.status.success(),
            "psql: {sql}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }

    fn psql(&self, sql: &str) -> Command {
        let mut command = Command::new(self.bin.join("psql"));
        command
            .args([
                "--no-psqlrc",
                "--quiet",
                "--set=ON_ERROR_STOP=1",
                "--command",
                sql,
            ])
            .env("PGHOST", "127.0.0.1")
            .env("PGPORT", self.port.to_string())
            .env("PGUSER", "postgres")
            .env("PGPASSWORD", &self.password)
            .env("PGDATABASE", "postgres")
            .stdin(Stdio::null());
        command
    }

    fn at(folder: &Path, settings: Settings) -> Self {
        let bin = binaries();
        let lease = lease(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        let start = lock_file(&folder.join("start")).expect("a lock file should open");
        start.lock().expect("a lock should be had");
        let address = folder.join("address");
        let running = is_locked(&folder.join("guard"))
            .then(|| fs::read_to_string(&address).ok())
            .flatten();
        let (port, password) = match running.as_deref().and_then(|line| line.trim().split_once(' ')) {
            Some((port, password)) => (port.parse().expect("a port"), password.to_owned()),
            None => start_cluster(folder, &bin, settings, &address),
        };
        Self {
            bin,
            port,
            password,
            _lease: lease,
        }
    }
}

/// A database. It is dropped with this value, even if a server is still connected.
#[derive(Debug)]
pub struct Database {
    /// `postgres://…`
    pub url: String,
    drop: Command,
}

impl Drop for Database {
    fn drop(&mut self) {
        // If dropping fails now, the database disappears with the cluster.
        let _ = self.drop.stdout(Stdio::null()).stderr(Stdio::null()).status();
    }
}

/// Starts the guard and waits until it says that the cluster is ready.
fn start_cluster(folder: &Path, bin: &Path, settings: Settings, address: &Path) -> (u16, String) {
    let _ = fs::remove_file(address);
    let password = random();
    let script = folder.join("run");
    fs::write(&script, GUARD).expect("the guard's script should be written");
    let mut log = String::new();
    // Another process may take a free port before Postgres does.
    for _ in 0..3 {
        let port = free_port();
        // The guard outlives this process, so it must not be killed with this process's group.
        let mut guard = Command::new("setsid")
            .args(["--fork", "sh"])
            .args([&script, folder, bin])
            .args([&port.to_string(), &settings.patience.to_string()])
            .arg(if settings.fsync { "on" } else { "off" })
            .env("PGPASSWORD", &password)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("setsid (package util-linux) should start");
        guard.wait().expect("setsid should end");
        let mut said = String::new();
        let stdout = guard.stdout.take().expect("stdout is a pipe");
        BufReader::new(stdout)
            .read_line(&mut said)
            .expect("the guard's output should be text");
        if said.trim() == "ready" {
            let mut file = private_file(address).expect("the address should be written");
            write!(file, "{port} {password}").expect("the address should be written");
            return (port, password);
        }
        log.clear();
        let _ = File::open(folder.join("log")).and_then(|mut file| file.read_to_string(&mut log));
    }
    let _ = fs::remove_dir_all(folder);
    panic!("no Postgres cluster in {}: {log}", folder.display());
}

/// Takes a shared lock on the folder's lease. Makes the folder if it does not exist.
fn lease(folder: &Path) -> io::Result<File> {
    loop {
        // The postgres user must be able to enter its own folder inside this folder.
        let mode = if user_id() == 0 { 0o711 } else { 0o700 };
        match DirBuilder::new().mode(mode).create(folder) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
        let Some(metadata) = found(fs::symlink_metadata(folder))? else {
            continue;
        };
        if !metadata.is_dir() || metadata.uid() != user_id() {
            return Err(io::Error::other("not a folder of this user"));
        }
        let path = folder.join("lease");
        let Some(file) = found(lock_file(&path))? else {
            continue;
        };
        file.lock_shared()?;
        // While we waited, the guard may have removed the folder together with the file that we locked.
        match found(fs::metadata(&path))? {
            Some(there) if there.ino() == file.metadata()?.ino() => return Ok(file),
            _ => {}
        }
    }
}

fn found<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        other => other.map(Some),
    }
}

fn lock_file(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
}

fn private_file(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
}

fn is_locked(path: &Path) -> bool {
    let file = lock_file(path).expect("a lock file should open");
    match file.try_lock() {
        Ok(()) => false,
        Err(TryLockError::WouldBlock) => true,
        Err(TryLockError::Error(error)) => panic!("{}: {error}", path.display()),
    }
}

/// The folder of the newest installed Postgres.
pub fn binaries() -> PathBuf {
    let configured = Command::new("pg_config").arg("--bindir").output().ok();
    let configured = configured.map(|output| PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()));
    let mut versions: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path().join("bin")))
        .collect();
    versions.sort();
    configured
        .into_iter()
        .chain(versions.into_iter().rev())
        .find(|bin| {
            ["initdb", "postgres", "psql", "pg_isready"]
                .iter()
                .all(|name| bin.join(name).is_file())
        })
        .unwrap_or_else(|| panic!("these tests need Postgres' server programs: {INSTALL}"))
}

pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port should be free");
    listener
        .local_addr()
        .expect("a bound socket has an address")
        .port()
}

pub fn user_id() -> u32 {
    fs::metadata("/proc/self").expect("/proc should be there").uid()
}

fn random() -> String {
    let mut bytes = [0; 12];
    let mut source = File::open("/dev/urandom").expect("/dev/urandom should be there");
    source.read_exact(&mut bytes).expect("/dev/urandom does not end");
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cluster_goes_when_nobody_uses_it() {
        let folder = std::env::temp_dir().join(format!("muniment-postgres-{}-{}", user_id(), random()));
        let cluster = Cluster::at(
            &folder,
            Settings {
                patience: 0,
                ..Settings::default()
            },
        );
        let guard = lock_file(&folder.join("guard")).expect("a lock file should open");
        assert!(is_locked(&folder.join("guard")));
        drop(cluster);
        guard
            .lock()
            .expect("the guard should let go of its lock when it ends");
        assert!(!folder.exists());
    }

    #[test]
    fn a_database_is_there_until_it_is_dropped() {
        let cluster = Cluster::shared();
        let database = cluster.create_database();
        let connect = |url: &str| {
            let psql = Command::new(cluster.bin.join("psql"))
                .args([url, "--command=SELECT 1"])
                .output();
            psql.expect("psql should start").status.success()
        };
        let url = database.url.clone();
        assert!(connect(&url));
        drop(database);
        assert!(!connect(&url));
    }
}
