//! A database that goes away and comes back.

use std::{
    collections::BTreeMap,
    fs::Permissions,
    net::SocketAddr,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::Stdio,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures_util::future::join_all;
use muniment::ledger::{AppendError, Ledger};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    process::{Child, Command},
    sync::watch,
    time::timeout,
};

use super::site::{Site, new_role, role_unit, stored, unique};
use crate::support::{
    postgres::{Cluster, binaries, free_port, user_id},
    server::Engine,
};

/// How long an append may take to say that the database is gone.
const PATIENCE: Duration = Duration::from_secs(30);

/// A cluster that can be stopped and started.
struct OwnCluster {
    folder: TempDir,
    port: u16,
    postmaster: Option<Child>,
}

impl OwnCluster {
    async fn start() -> Self {
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

    /// Starts the server and waits until it has recovered.
    async fn start_again(&mut self) {
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

    /// As if its machine lost its power, but for the disk's cache.
    async fn stop_immediately(&mut self) {
        let mut stop = self.program("pg_ctl");
        run(stop.args(["stop", "-m", "immediate", "-D"]).arg(self.data())).await;
        if let Some(mut postmaster) = self.postmaster.take() {
            postmaster.wait().await.expect("the cluster should end");
        }
    }

    fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    fn data(&self) -> std::path::PathBuf {
        self.folder.path().join("data")
    }

    fn program(&self, name: &str) -> Command {
        self.owned(binaries().join(name))
    }

    /// A command run by whom the cluster belongs to: Postgres refuses to run as root.
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

/// What writers were told.
#[derive(Default)]
struct Told {
    acknowledged: Mutex<BTreeMap<i64, String>>,
    refused: AtomicUsize,
}

/// Appends until told to end. Every append must be answered.
async fn write(ledger: &Ledger, told: &Told, end: watch::Receiver<bool>) {
    while !*end.borrow() {
        let answered = timeout(PATIENCE, ledger.append(role_unit(new_role(), &unique("role")))).await;
        match answered.expect("an append should not hang") {
            Ok(appended) => {
                let mut acknowledged = told.acknowledged.lock().expect("nobody panics here");
                acknowledged.extend(
                    appended
                        .events
                        .into_iter()
                        .map(|event| (event.position, event.aggregate_id)),
                );
            }
            Err(AppendError::Unavailable(_)) => {
                told.refused.fetch_add(1, Ordering::Relaxed);
                // Not to spin while the database is gone.
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            Err(refused) => panic!("{refused}"),
        }
    }
}

async fn until(condition: impl Fn() -> bool) {
    let wait = async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(2 * PATIENCE, wait)
        .await
        .expect("this should come to pass");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_dies_and_comes_back_loses_nothing_acknowledged() {
    let mut cluster = OwnCluster::start().await;
    let site = Site::at(Engine::Postgres, cluster.url()).await;
    let ledger = site.ledger().await;
    let following = tokio::spawn(Arc::clone(ledger.follower()).run());
    let told = Told::default();
    let (end, ended) = watch::channel(false);
    let written = || told.acknowledged.lock().expect("nobody panics here").len();
    let writers = join_all((0..8).map(|_| write(&ledger, &told, ended.clone())));
    let outage = async {
        until(|| written() > 200).await;
        cluster.stop_immediately().await;
        until(|| told.refused.load(Ordering::Relaxed) >= 8).await;
        cluster.start_again().await;
        let before = written();
        until(|| written() > before + 200).await;
        end.send_replace(true);
    };
    tokio::join!(writers, outage);

    let kept: BTreeMap<i64, String> = stored(&ledger)
        .await
        .into_iter()
        .map(|event| (event.position, event.aggregate_id))
        .collect();
    for (position, aggregate_id) in told.acknowledged.lock().expect("nobody panics here").iter() {
        assert_eq!(
            kept.get(position),
            Some(aggregate_id),
            "position {position} was acknowledged"
        );
    }
    let head = ledger.head().await.expect("the head").position;
    assert_eq!(kept.len() as i64, head);
    assert!(ledger.wait_for(head, PATIENCE).await, "the node follows again");
    site.must_be_sound(&ledger).await;
    following.abort();
    ledger.close().await;
    cluster.stop_immediately().await;
}

/// Carries bytes until either end closes, or the network is cut: then the two stay open and never hear of each other
/// again, not even once the network is back.
async fn carry(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, cut: watch::Receiver<bool>) {
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

/// A network between a node and its database that can be cut without either being told.
struct Network {
    address: SocketAddr,
    frozen: watch::Sender<bool>,
}

impl Network {
    async fn before(database: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (frozen, cut) = watch::channel(false);
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let cut = cut.clone();
                tokio::spawn(async move {
                    let Ok(far) = TcpStream::connect(database).await else {
                        return;
                    };
                    let (near_read, near_write) = near.into_split();
                    let (far_read, far_write) = far.into_split();
                    tokio::select! {
                        () = carry(near_read, far_write, cut.clone()) => {}
                        () = carry(far_read, near_write, cut) => {}
                    }
                });
            }
        });
        Self { address, frozen }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_network_that_falls_silent_does_not_hang_the_ledger() {
    let database = Cluster::shared().create_database();
    let (before, after) = database.url.split_once('@').expect("credentials");
    let (address, name) = after.split_once('/').expect("a name");
    let network = Network::before(address.parse().expect("an address")).await;
    let site = Site::at(Engine::Postgres, format!("{before}@{}/{name}", network.address)).await;
    let ledger = site.ledger().await;
    let following = tokio::spawn(Arc::clone(ledger.follower()).run());
    let append = async || timeout(PATIENCE, ledger.append(role_unit(new_role(), &unique("role")))).await;
    let appended = append().await.expect("an answer").expect("a role");
    assert_eq!(appended.position, 1);

    network.frozen.send_replace(true);
    let silent = append().await.expect("an append should not hang");
    assert!(matches!(silent, Err(AppendError::Unavailable(_))), "{silent:?}");

    network.frozen.send_replace(false);
    let again = async {
        while append().await.expect("an append should not hang").is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, again).await.expect("the database is back");
    let head = ledger.head().await.expect("the head").position;
    assert!(ledger.wait_for(head, PATIENCE).await, "the node follows again");
    site.must_be_sound(&ledger).await;
    following.abort();
}
