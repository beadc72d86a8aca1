//! A process that writes to the ledger like a node: it follows what other processes write. The bench starts it, sends
//! it orders on stdin, and reads its reports from stdout, as lines of JSON.

use std::{process::Stdio, sync::Arc, time::Duration};

use ledger::{Because, Ledger, MasterKey, clock::SystemClock, ids::SystemEntropy};
use projections::sql::{self, Db};
use serde::{Deserialize, Serialize};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout, Command},
};

use crate::{
    context::{Bench, KEY, Result},
    cpu::{Cpu, Processes},
    measure::Window,
    rows::appender::{Subject, Users},
    say,
};

/// How much a process is to write.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Order {
    pub(super) writers: usize,
    pub(super) warm_up: Duration,
    pub(super) length: Duration,
}

/// What a process wrote.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Report {
    /// Events per second, during the counted time.
    pub(super) per_second: f64,
    /// All events, including those outside the counted time.
    pub(super) all: u64,
    /// The 50th and the 99th percentile of the time of an append, in milliseconds.
    pub(super) latency: (f64, f64),
    pub(super) ways: Ways,
}

/// How many batches went which way.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(super) struct Ways {
    pub(super) sent: u64,
    pub(super) fast: u64,
    pub(super) overlapped: u64,
    /// Under the lock, in the order of [`Because::ALL`].
    pub(super) locked: [u64; Because::ALL.len()],
}

impl Ways {
    fn of(ledger: &Ledger) -> Self {
        let paths = ledger.paths();
        Self {
            sent: paths.sent(),
            fast: paths.fast(),
            overlapped: paths.overlapped(),
            locked: Because::ALL.map(|because| paths.locked(because)),
        }
    }

    fn since(self, before: Self) -> Self {
        self.zip(before, u64::saturating_sub)
    }

    pub(super) fn and(self, other: Self) -> Self {
        self.zip(other, u64::saturating_add)
    }

    fn zip(self, other: Self, each: fn(u64, u64) -> u64) -> Self {
        Self {
            sent: each(self.sent, other.sent),
            fast: each(self.fast, other.fast),
            overlapped: each(self.overlapped, other.overlapped),
            locked: std::array::from_fn(|at| each(self.locked[at], other.locked[at])),
        }
    }
}

/// Writes as the orders say, until there are no more orders. This is the whole work of the process.
pub(crate) async fn write(url: &str, users: Users) -> Result<()> {
    let db = Db::open(url, &sql::Options::default()).await?;
    let (clock, entropy) = (Arc::new(SystemClock), Arc::new(SystemEntropy));
    let ledger = Ledger::open(db, &MasterKey::new(KEY), clock, entropy, projections::GUARDS).await?;
    let following = tokio::spawn(Arc::clone(ledger.follower()).run());
    let subject = Subject::new(ledger, users);
    say("ready");
    while let Some(line) = tokio::task::spawn_blocking(|| std::io::stdin().lines().next()).await? {
        let Order {
            writers,
            warm_up,
            length,
        } = serde_json::from_str(&line?)?;
        let before = Ways::of(subject.ledger());
        let window = Window { warm_up, length };
        let rate = subject.append(writers, window, &Cpu::default()).await?;
        let report = Report {
            per_second: rate.per_second,
            all: rate.all,
            latency: rate.latency,
            ways: Ways::of(subject.ledger()).since(before),
        };
        say(&serde_json::to_string(&report)?);
    }
    following.abort();
    subject.ledger().close().await;
    Ok(())
}

/// A running process. Dropping the value kills it.
pub(super) struct Process {
    child: Child,
    orders: ChildStdin,
    reports: Lines<BufReader<ChildStdout>>,
}

impl Process {
    /// Starts a process, and waits until it can write.
    pub(super) async fn start(bench: &Bench, url: &str, users: Users) -> Result<Self> {
        let Users { first, step, all } = users;
        let mut child = Command::new(&bench.itself)
            .args(["node", url])
            .args([first, step, all].map(|number| number.to_string()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let orders = child.stdin.take().ok_or("stdin is no pipe")?;
        let reports = BufReader::new(child.stdout.take().ok_or("stdout is no pipe")?).lines();
        let mut process = Self {
            child,
            orders,
            reports,
        };
        match process.line().await?.as_str() {
            "ready" => Ok(process),
            other => Err(format!("a process should be ready, but said {other}").into()),
        }
    }

    /// Its time on the processor.
    pub(super) fn processes(&self) -> Processes {
        Processes::One(self.child.id().unwrap_or_default())
    }

    /// Lets it write, and waits for its report.
    pub(super) async fn write(&mut self, order: Order) -> Result<Report> {
        let line = format!("{}\n", serde_json::to_string(&order)?);
        self.orders.write_all(line.as_bytes()).await?;
        Ok(serde_json::from_str(&self.line().await?)?)
    }

    /// Kills it, and waits for its end.
    pub(super) async fn stop(mut self) -> Result<()> {
        Ok(self.child.kill().await?)
    }

    async fn line(&mut self) -> Result<String> {
        let line = self.reports.next_line().await?;
        line.ok_or_else(|| "a process ended before its report; see above".into())
    }
}
