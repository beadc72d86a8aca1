//! Processes that listen and print their address: Muniment, and the bare handler beside it.

use std::{fs::File, net::SocketAddr, path::Path, process::Stdio, time::Duration};

use tokio::{
    io::{AsyncBufReadExt, BufReader},
    net::TcpStream,
    process::{Child, ChildStdout, Command},
};

use crate::{
    context::{Bench, KEY_TEXT, Result},
    cpu::Processes,
    http::Connection,
    seed,
};

/// A process that listens. Dropping the value kills it.
pub(crate) struct Server {
    child: Child,
    address: SocketAddr,
    /// The address of the listener of brokers, if it has one.
    hooks: Option<SocketAddr>,
    /// Stays open as long as the process may write to it.
    _output: BufReader<ChildStdout>,
}

impl Server {
    /// Starts Muniment with default settings on a Postgres database.
    pub(crate) async fn muniment(bench: &Bench, url: &str) -> Result<Self> {
        Self::muniment_with(bench, url, &[]).await
    }

    /// Starts Muniment with these settings besides the default ones on a Postgres database.
    pub(crate) async fn muniment_with(bench: &Bench, url: &str, settings: &[(&str, &str)]) -> Result<Self> {
        let mut command = Self::command(bench, &bench.folder.join("data"), Some(url))?;
        command.envs(settings.iter().copied());
        Self::start(command).await
    }

    /// Starts Muniment with default settings in a data folder, on a Postgres database or on the SQLite file there.
    pub(crate) async fn muniment_in(bench: &Bench, data: &Path, url: Option<&str>) -> Result<Self> {
        Self::start(Self::command(bench, data, url)?).await
    }

    fn command(bench: &Bench, data: &Path, url: Option<&str>) -> Result<Command> {
        let mut command = Command::new(&bench.server);
        for (name, _) in
            std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("MUNIMENT_"))
        {
            command.env_remove(name);
        }
        command
            .env("MUNIMENT_LISTEN", "127.0.0.1:0")
            .env("MUNIMENT_DATA_DIR", data)
            .env("MUNIMENT_SEALING_KEY", KEY_TEXT)
            .env("MUNIMENT_ADMIN_PASSWORD", seed::PASSWORD)
            .current_dir(&bench.folder)
            .stderr(File::create(bench.folder.join("server.log"))?);
        if let Some(url) = url {
            command.env("MUNIMENT_DATABASE_URL", url);
        }
        Ok(command)
    }

    /// Starts a handler that only serves the content of the file; see [`crate::rows::bare`].
    pub(crate) async fn bare(bench: &Bench, how: &str, file: &Path) -> Result<Self> {
        let mut command = Command::new(&bench.itself);
        command.arg("bare").arg(how).arg(file);
        Self::start(command).await
    }

    /// Starts another vendor's server, which is set to listen at this address, and waits until it does.
    pub(crate) async fn start_at(mut command: Command, address: SocketAddr) -> Result<Self> {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let output = BufReader::new(child.stdout.take().ok_or("stdout is no pipe")?);
        while TcpStream::connect(address).await.is_err() {
            if let Some(status) = child.try_wait()? {
                return Err(format!("the server ended with {status} before it listened; see its log").into());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(Self {
            child,
            address,
            hooks: None,
            _output: output,
        })
    }

    /// Starts a program that says on its stdout where it listens, as ours do.
    pub(crate) async fn start(mut command: Command) -> Result<Self> {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let mut output = BufReader::new(child.stdout.take().ok_or("stdout is no pipe")?);
        let (mut line, mut hooks) = (String::new(), None);
        loop {
            line.clear();
            if output.read_line(&mut line).await? == 0 {
                return Err("the server ended before it listened; see its log".into());
            }
            if let Some(address) = line.trim().strip_prefix("listening for brokers on http://") {
                hooks = Some(address.parse()?);
            }
            if let Some(address) = line.trim().strip_prefix("listening on http://") {
                return Ok(Self {
                    child,
                    address: address.parse()?,
                    hooks,
                    _output: output,
                });
            }
        }
    }

    /// The address at which it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address of the listener of brokers, if it has one.
    pub(crate) fn hooks(&self) -> Option<SocketAddr> {
        self.hooks
    }

    /// Asks Muniment to end, and waits for it. Returns how many passwords it has hashed, as its log says.
    pub(crate) async fn end(mut self, bench: &Bench) -> Result<u64> {
        Command::new("kill").arg(self.id().to_string()).status().await?;
        self.child.wait().await?;
        let log = std::fs::read_to_string(bench.folder.join("server.log"))?;
        let number = log.split("hashes=").last().unwrap_or_default();
        let end = number.find(|c: char| !c.is_ascii_digit()).unwrap_or(number.len());
        Ok(number[..end].parse()?)
    }

    /// The processes of the server, whose time is read.
    pub(crate) fn processes(&self) -> Processes {
        Processes::One(self.id())
    }

    /// Kills it and waits for its end.
    pub(crate) async fn stop(mut self) -> Result<()> {
        Ok(self.child.kill().await?)
    }

    /// A token of the administrator.
    pub(crate) async fn log_in(&self) -> Result<String> {
        let body = seed::login_body("admin");
        let mut connection = Connection::open(self.address).await?;
        let answer = connection.expect(200, ("POST", "/api/login"), "", &body).await?;
        let answer: serde_json::Value = serde_json::from_slice(answer.body)?;
        Ok(answer["token"].as_str().ok_or("no token")?.to_owned())
    }

    /// Its resident memory in bytes.
    pub(crate) fn memory(&self) -> Result<u64> {
        memory(&self.id().to_string())
    }

    fn id(&self) -> u32 {
        self.child.id().unwrap_or_default()
    }
}

/// The resident memory of a process (`self` for this one) in bytes.
pub(crate) fn memory(process: &str) -> Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line
        .and_then(|line| line.split_whitespace().next())
        .ok_or("no VmRSS")?;
    Ok(kilobytes.parse::<u64>()? * 1_024)
}
