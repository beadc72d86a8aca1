//! Failing databases: a cluster that can be stopped, and a network that can be cut.

use std::{
    fs::Permissions, net::SocketAddr, os::unix::fs::PermissionsExt, path::Path, process::Stdio, sync::Arc,
    time::Duration,
};

use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    process::{Child, Command},
    sync::{Notify, watch},
    time::timeout,
};

use super::postgres::{binaries, free_port, user_id};

/// How long the cluster may take until it is ready.
const PATIENCE: Duration = Duration::from_secs(30);

/// A cluster that can be stopped and started.
pub struct OwnCluster {
    folder: TempDir,
    port: u16,
    postmaster: Option<Child>,
}

impl OwnCluster {
    pub async fn start() -> Self {
        let folder = tempfile::Builder::new()
            .prefix("muniment-outage-")
            .tempdir()
            .expect("a temporary folder");
        std::fs::set_permissions(folder.path(), Permissions::from_mode(0o711)).expect("a folder of our own");
        let mut install = Command::new("install");
        install.args(["-d", "-m", "700"]);
        if user_id() == 0 {
            install.args(["-o", "postgres"]);
        }
        run(install.arg(folder.path().join("data"))).await;
        let mut cluster = Self {
            folder,
            port: free_port(),
            postmaster: None,
        };
        let initdb = [
            "--username=postgres",
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            "--no-sync",
        ];
        run(cluster
            .program("initdb")
            .args(initdb)
            .arg("-D")
            .arg(cluster.data()))
        .await;
        cluster.start_again().await;
        cluster
    }

    /// A hot standby of this cluster.
    pub async fn standby(&self) -> Self {
        let folder = tempfile::Builder::new()
            .prefix("muniment-standby-")
            .tempdir()
            .expect("a temporary folder");
        std::fs::set_permissions(folder.path(), Permissions::from_mode(0o777)).expect("a folder of our own");
        let mut standby = Self {
            folder,
            port: free_port(),
            postmaster: None,
        };
        let port = self.port.to_string();
        let mut copy = self.program("pg_basebackup");
        copy.args([
            "-R",
            "-c",
            "fast",
            "--no-sync",
            "-h",
            "127.0.0.1",
            "-U",
            "postgres",
            "-p",
            &port,
            "-D",
        ]);
        run(copy.arg(standby.data())).await;
        standby.start_again().await;
        standby
    }

    /// Stops the server, and starts it again as a standby: it answers reads, and takes no writes.
    pub async fn demote(&mut self) {
        self.stop_immediately().await;
        let signal = self.data().join("standby.signal");
        run(self.owned("touch").arg(signal)).await;
        self.start_again().await;
    }

    /// Makes a standby a primary, and waits until it is one.
    pub async fn promote(&self) {
        assert_eq!(self.psql(&["SELECT pg_promote()"]).await, "t");
    }

    /// Changes a setting of the server, or takes the change back.
    pub async fn set(&self, name: &str, value: Option<&str>) {
        let change = match value {
            Some(value) => format!("ALTER SYSTEM SET {name} = '{value}'"),
            None => format!("ALTER SYSTEM RESET {name}"),
        };
        self.psql(&[&change, "SELECT pg_reload_conf()"]).await;
    }

    /// Runs statements as the superuser, each in a transaction of its own.
    pub async fn psql(&self, statements: &[&str]) -> String {
        let mut psql = Command::new(binaries().join("psql"));
        psql.args([
            &self.url(),
            "--quiet",
            "--no-align",
            "--tuples-only",
            "--set=ON_ERROR_STOP=1",
        ]);
        psql.args(
            statements
                .iter()
                .map(|statement| format!("--command={statement}")),
        );
        let output = psql
            .stdin(Stdio::null())
            .output()
            .await
            .expect("psql should start");
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// Starts the server and waits until it has recovered.
    pub async fn start_again(&mut self) {
        let mut postgres = self.owned("setpriv");
        postgres
            .args(["--pdeathsig=QUIT", "--"])
            .arg(binaries().join("postgres"))
            .arg("-D")
            .arg(self.data())
            .args(["-p", &self.port.to_string()])
            .args([
                "-c",
                "listen_addresses=127.0.0.1",
                "-c",
                "unix_socket_directories=",
            ])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true);
        self.postmaster = Some(postgres.spawn().expect("postgres should start"));
        let ready = async {
            let port = self.port.to_string();
            let mut asked = Command::new(binaries().join("pg_isready"));
            asked.args(["--quiet", "-h", "127.0.0.1", "-U", "postgres", "-p", &port]);
            while !asked.status().await.expect("pg_isready should start").success() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(PATIENCE, ready)
            .await
            .expect("the cluster should be ready");
    }

    /// Simulates a power failure of its machine, except for the disk's cache.
    pub async fn stop_immediately(&mut self) {
        let mut stop = self.program("pg_ctl");
        run(stop.args(["stop", "-m", "immediate", "-D"]).arg(self.data())).await;
        if let Some(mut postmaster) = self.postmaster.take() {
            postmaster.wait().await.expect("the cluster should end");
        }
    }

    pub fn url(&self) -> String {
        self.url_of("postgres")
    }

    /// The URL of the database for a role.
    pub fn url_of(&self, role: &str) -> String {
        format!("postgres://{role}@127.0.0.1:{}/postgres", self.port)
    }

    fn data(&self) -> std::path::PathBuf {
        self.folder.path().join("data")
    }

    fn program(&self, name: &str) -> Command {
        self.owned(binaries().join(name))
    }

    /// A command that runs as the owner of the cluster, since Postgres refuses to run as root.
    fn owned(&self, program: impl AsRef<Path>) -> Command {
        let mut command = if user_id() == 0 {
            let mut command = Command::new("setpriv");
            command
                .args(["--reuid=postgres", "--regid=postgres", "--init-groups", "--"])
                .arg(program.as_ref());
            command
        } else {
            Command::new(program.as_ref())
        };
        command.current_dir("/").stdout(Stdio::null());
        command
    }
}

async fn run(command: &mut Command) {
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .output()
        .await
        .expect("a program should start");
    assert!(
        output.status.success(),
        "{command:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// Carries bytes until one end closes or the network is cut. After a cut, the two ends stay open and never hear from
/// each other again, even if the network comes back.
async fn carry(from: &mut OwnedReadHalf, to: &mut OwnedWriteHalf, cut: watch::Receiver<bool>) {
    let mut bytes = vec![0; 65_536];
    while let Ok(read @ 1..) = from.read(&mut bytes).await {
        if *cut.borrow() {
            std::future::pending::<()>().await;
        }
        if to.write_all(&bytes[..read]).await.is_err() {
            return;
        }
    }
}

/// The server in a URL.
fn address_in(url: &str) -> SocketAddr {
    let (_, after) = url.split_once('@').expect("a user");
    let (database, _) = after.split_once('/').expect("a name");
    database.parse().expect("an address")
}

/// A network between a node and its database. If it is cut, neither end gets a notice.
pub struct Network {
    /// The URL of the database through this network.
    pub url: String,
    /// Where new connections go.
    database: watch::Sender<SocketAddr>,
    frozen: watch::Sender<bool>,
    hang_up: Arc<Notify>,
}

impl Network {
    /// Puts a network before the database at this address.
    pub async fn before(url: &str) -> Self {
        let (before, after) = url.split_once('@').expect("a user");
        let (_, name) = after.split_once('/').expect("a name");
        let (database, goes_to) = watch::channel(address_in(url));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (frozen, cut) = watch::channel(false);
        let hang_up = Arc::new(Notify::new());
        let hung_up = Arc::clone(&hang_up);
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let (cut, hung_up) = (cut.clone(), Arc::clone(&hung_up));
                let database = *goes_to.borrow();
                tokio::spawn(async move {
                    let Ok(far) = TcpStream::connect(database).await else {
                        return;
                    };
                    let (mut near_read, mut near_write) = near.into_split();
                    let (mut far_read, mut far_write) = far.into_split();
                    tokio::select! {
                        () = carry(&mut near_read, &mut far_write, cut.clone()) => return,
                        () = carry(&mut far_read, &mut near_write, cut) => return,
                        () = hung_up.notified() => drop((near_read, near_write)),
                    }
                    // The database does not notice that the node is gone, and continues its statement.
                    let mut bytes = vec![0; 1_024];
                    while let Ok(1..) = far_read.read(&mut bytes).await {}
                });
            }
        });
        Self {
            url: format!("{before}@{address}/{name}"),
            database,
            frozen,
            hang_up,
        }
    }

    /// From now on, new connections go to another server, as after a change of a name or of a proxy. Those that exist stay where they are.
    pub fn lead_to(&self, url: &str) {
        self.database.send_replace(address_in(url));
    }

    /// Ends all connections for the nodes, but not for the database.
    pub fn hang_up(&self) {
        self.hang_up.notify_waiters();
    }

    /// From now on no byte arrives, and neither end gets a notice.
    pub fn cut(&self) {
        self.frozen.send_replace(true);
    }

    /// New connections work again.
    pub fn mend(&self) {
        self.frozen.send_replace(false);
    }
}
