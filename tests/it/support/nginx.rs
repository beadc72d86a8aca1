//! An nginx of Debian's package, on a free port of the loopback address, and a server behind it that knows nothing of rights.

use std::{
    net::Ipv4Addr,
    path::Path,
    process::Stdio,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    process::{Child, Command},
    time::{sleep, timeout},
};

use super::postgres::free_port;

/// Debian has the program in a folder that is not on each user's PATH.
const PROGRAM: &str = "/usr/sbin/nginx";
const INSTALL: &str = "install it with: apt-get install nginx (or run scripts/install-test-tools)";
/// How long a start or an answer may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running nginx. Dropping the value ends it.
pub struct Nginx {
    proxy: Child,
    port: u16,
    folder: TempDir,
}

impl Nginx {
    /// Starts an nginx whose only server has this configuration after its `listen`. `upstreams` come before the server.
    pub async fn start(upstreams: &str, server: &str) -> Self {
        assert!(Path::new(PROGRAM).exists(), "nginx is missing: {INSTALL}");
        let folder = tempfile::Builder::new()
            .prefix("muniment-nginx-")
            .tempdir()
            .expect("a temporary folder");
        let port = free_port();
        let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
        let temporary = temporary
            .map(|name| format!("{name}_temp_path {name};"))
            .join(" ");
        // One process, in the foreground: it ends with the test.
        let config = format!(
            "daemon off;\nmaster_process off;\npid nginx.pid;\nerror_log stderr info;\nevents {{ }}\n\
             http {{\naccess_log off;\n{temporary}\n{upstreams}\nserver {{\nlisten 127.0.0.1:{port};\n{server}\n}}\n}}\n"
        );
        let path = |name: &str| folder.path().join(name);
        std::fs::write(path("nginx.conf"), config).expect("a file of our own");
        let log = std::fs::File::create(path("log")).expect("a file of our own");
        let proxy = Command::new(PROGRAM)
            .arg("-p")
            .arg(folder.path())
            .args(["-e", "stderr", "-c", "nginx.conf"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .expect("nginx should start");
        let mut started = Self { proxy, port, folder };
        let waited = timeout(PATIENCE, started.listens()).await;
        assert!(waited == Ok(true), "nginx does not listen:\n{}", started.log());
        started
    }

    /// What it has logged so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    async fn listens(&mut self) -> bool {
        loop {
            if TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).await.is_ok() {
                return true;
            }
            if !matches!(self.proxy.try_wait(), Ok(None)) {
                return false;
            }
            sleep(Duration::from_millis(50)).await;
        }
    }

    /// Sends a request on a connection of its own, byte by byte as it is written here, and returns the whole answer.
    pub async fn send(&self, line: &str, headers: &[String]) -> Answer {
        let mut connection = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port))
            .await
            .expect("a connection");
        let headers: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
        let request = format!("{line}\r\nHost: app.example.com\r\nConnection: close\r\n{headers}\r\n");
        // nginx may answer a line that it does not read before it has all of it.
        let _ = connection.write_all(request.as_bytes()).await;
        let mut answer = Vec::new();
        let read = timeout(PATIENCE, connection.read_to_end(&mut answer)).await;
        let _ = read.expect("nginx should close the connection");
        let text = String::from_utf8_lossy(&answer).into_owned();
        let status = text.split(' ').nth(1).and_then(|status| status.parse().ok());
        Answer {
            status: status.unwrap_or_default(),
            text,
        }
    }
}

/// An answer to a client.
#[derive(Debug)]
pub struct Answer {
    /// 0 if there is none.
    pub status: u16,
    /// The whole answer, with its headers.
    pub text: String,
}

/// A server that answers every request with 200 and keeps what it got.
pub struct Dumb {
    port: u16,
    got: Arc<Mutex<Vec<String>>>,
}

impl Dumb {
    pub async fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let got = Arc::new(Mutex::new(Vec::new()));
        let keeps = Arc::clone(&got);
        tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                tokio::spawn(answer(connection, Arc::clone(&keeps)));
            }
        });
        Self { port, got }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// The heads of the requests that came since the last call.
    pub fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.got.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

async fn answer(mut connection: TcpStream, got: Arc<Mutex<Vec<String>>>) {
    let mut head = Vec::new();
    let mut buffer = [0; 4_096];
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        match connection.read(&mut buffer).await {
            Ok(read @ 1..) => head.extend_from_slice(buffer.get(..read).unwrap_or_default()),
            _ => return,
        }
    }
    // It is kept before the answer: whoever has the answer sees it.
    let text = String::from_utf8_lossy(&head).into_owned();
    got.lock().unwrap_or_else(PoisonError::into_inner).push(text);
    let answer = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nok\n";
    let _ = connection.write_all(answer.as_bytes()).await;
}
