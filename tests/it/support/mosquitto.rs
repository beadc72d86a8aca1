//! A Mosquitto of Debian's package, on a free port of the loopback address.

use std::{
    net::Ipv4Addr,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use tempfile::TempDir;
use tokio::{
    net::TcpStream,
    process::{Child, Command},
    time::{sleep, timeout},
};

use super::postgres::free_port;

/// Debian has the program in a folder that is not on each user's PATH.
const PROGRAM: &str = "/usr/sbin/mosquitto";
const INSTALL: &str = "install it with: apt-get install mosquitto (or run scripts/install-test-tools)";
/// How long a start may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running broker. Dropping the value ends it.
pub struct Mosquitto {
    broker: Child,
    port: u16,
    folder: TempDir,
}

impl Mosquitto {
    /// Starts a broker with one listener. `configure` may write files into the folder of the broker, and returns the lines of the
    /// configuration that follow the line of the listener.
    pub async fn start(configure: impl FnOnce(&Path) -> String) -> Self {
        assert!(Path::new(PROGRAM).exists(), "Mosquitto is missing: {INSTALL}");
        let folder = tempfile::Builder::new()
            .prefix("muniment-mosquitto-")
            .tempdir()
            .expect("a temporary folder");
        let port = free_port();
        // As root, Mosquitto would change to a user who cannot read the folder.
        let config = format!(
            "user root\nlog_dest stderr\nlog_type all\nlistener {port} 127.0.0.1\n{}\n",
            configure(folder.path())
        );
        let path = |name: &str| folder.path().join(name);
        std::fs::write(path("mosquitto.conf"), config).expect("a file of our own");
        let log = std::fs::File::create(path("log")).expect("a file of our own");
        let broker = Command::new(PROGRAM)
            .arg("-c")
            .arg(path("mosquitto.conf"))
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a file of our own"))
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .expect("Mosquitto should start");
        let mut started = Self { broker, port, folder };
        let waited = timeout(PATIENCE, started.listens()).await;
        assert!(
            waited == Ok(true),
            "Mosquitto does not listen:\n{}",
            started.log()
        );
        started
    }

    /// The port of the listener.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// A file in the folder of the broker.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The id of its process.
    pub fn id(&self) -> u32 {
        self.broker.id().expect("the broker should run")
    }

    /// What it has logged so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.file("log")).unwrap_or_default()
    }

    /// Waits until the broker listens. Returns false if it has ended.
    async fn listens(&mut self) -> bool {
        loop {
            if TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).await.is_ok() {
                return true;
            }
            if !matches!(self.broker.try_wait(), Ok(None)) {
                return false;
            }
            sleep(Duration::from_millis(50)).await;
        }
    }
}
