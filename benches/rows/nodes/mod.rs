//! Several processes on one Postgres: 1, 2 and 3 processes share the same number of writers, once all at the same time,
//! and once each process in turn. Each process must get at least half of a fair share, and together they must have at least half of
//! the speed of one process.

pub(crate) mod process;

use ledger::Because;

use self::process::{Order, Process, Report, Ways};
use super::appender::Users;
use crate::{
    context::{Bench, Result},
    cpu::{Cpu, Processes, Reading},
    measure::{Rate, Series, Window},
    postgres::{FLOOR_NAME, Floor},
    progress,
    table::{Row, Table, number},
};

/// How many processes there are.
const NODES: [usize; 3] = [1, 2, 3];
/// How many writers all processes have together.
const WRITERS: usize = 64;
/// How often each process writes if they take turns.
const TURNS: u32 = 4;
/// The names of the processes in the remarks.
const NAMES: [&str; 3] = ["node 1", "node 2", "node 3"];
/// Several processes together must have at least this part of the speed of one process.
const LEAST_SPEED: f64 = 0.5;
/// Each process must get at least this part of a fair share.
const LEAST_SHARE: f64 = 0.5;

/// When the processes write.
#[derive(Clone, Copy, Debug)]
enum When {
    AtOnce,
    Alternately,
}

impl When {
    const ALL: [Self; 2] = [Self::AtOnce, Self::Alternately];

    fn name(self) -> &'static str {
        match self {
            Self::AtOnce => "at once",
            Self::Alternately => "alternately",
        }
    }
}

/// The figures of some processes.
#[derive(Default)]
struct Figures {
    /// The events of all processes.
    sum: Series,
    /// The least share of a process, as a part of a fair share.
    least: Series,
    /// The events per second of each process, round by round.
    each: Vec<Vec<f64>>,
    ways: Ways,
}

/// The processes on one database.
struct Nodes<'a> {
    bench: &'a Bench,
    database: String,
    processes: Vec<Process>,
    /// How many events were acknowledged, and where the ledger ended before them.
    acknowledged: u64,
    began_at: u64,
}

/// Measures the group.
pub(crate) async fn measure(bench: &Bench, table: &mut Table) -> Result<()> {
    let mut all = Vec::new();
    for count in NODES {
        all.push(Nodes::start(bench, count).await?);
    }
    let floor = Floor::new(bench).await?;
    floor.warm_up().await?;
    let mut inserts = Series::default();
    let mut figures = NODES.map(|_| When::ALL.map(|_| Figures::default()));
    for round in 1..=bench.options.rounds {
        progress(&format!("  round {round}"));
        inserts.add(floor.measure().await?);
        for (nodes, figures) in all.iter_mut().zip(&mut figures) {
            for (when, figures) in When::ALL.into_iter().zip(figures) {
                // One process alone has nobody to take turns with.
                if nodes.processes.len() > 1 || matches!(when, When::AtOnce) {
                    figures.add(nodes.write(when, bench.options.window()).await?);
                }
            }
        }
    }
    for nodes in all {
        nodes.stop().await?;
    }
    rows(table, &inserts, &figures);
    Ok(())
}

fn rows(table: &mut Table, inserts: &Series, figures: &[[Figures; 2]; NODES.len()]) {
    let [[alone, _], several @ ..] = figures;
    let what = format!("append, {WRITERS} writers in 1 process, Postgres");
    table.add(
        Row::rate(&what, "events/s", &alone.sum)
            .beside(FLOOR_NAME, inserts)
            .note(alone.sum.latency())
            .note(ways(&alone.ways)),
    );
    for (count, figures) in NODES[1..].iter().zip(several) {
        for (when, figures) in When::ALL.into_iter().zip(figures) {
            let name = format!("append, {WRITERS} writers in {count} processes, {}", when.name());
            table.add(
                Row::rate(&name, "events/s", &figures.sum)
                    .beside(&what, &alone.sum)
                    .goal(LEAST_SPEED)
                    .note(format!("of each process: {}", each(&figures.each)))
                    .note(format!("of the slowest: {}", figures.sum.latency()))
                    .note(ways(&figures.ways)),
            );
            table.add(
                Row::rate(format!("{name}: least share"), "of a fair one", &figures.least)
                    .at_least(LEAST_SHARE),
            );
        }
    }
}

/// The events per second of each process: means over the rounds.
fn each(rounds: &[Vec<f64>]) -> String {
    let of = |at: usize| {
        let values = rounds.iter().filter_map(|round| round.get(at));
        number(values.sum::<f64>() / rounds.len() as f64)
    };
    let count = rounds.first().map_or(0, Vec::len);
    (0..count).map(of).collect::<Vec<_>>().join(", ") + " events/s"
}

/// Which way the batches went.
fn ways(ways: &Ways) -> String {
    let Ways {
        sent,
        fast,
        overlapped,
        locked,
    } = ways;
    let reasons = Because::ALL.iter().zip(locked).filter(|(_, count)| **count > 0);
    let reasons: Vec<_> = reasons
        .map(|(because, count)| format!("{count} {because:?}"))
        .collect();
    format!(
        "batches: {fast} of {sent} without the lock, {overlapped} overlapping; {} under the lock ({})",
        locked.iter().sum::<u64>(),
        reasons.join(", ")
    )
}

/// What one measurement of some processes gave: the rate of all, and the reports of each.
type Written = (Rate, Vec<Report>);

impl Figures {
    fn add(&mut self, (rate, reports): Written) {
        let each: Vec<f64> = reports.iter().map(|report| report.per_second).collect();
        let fair = each.iter().sum::<f64>() / each.len() as f64;
        self.least
            .push(each.iter().copied().fold(f64::INFINITY, f64::min) / fair);
        self.each.push(each);
        self.sum.add(rate);
        self.ways = reports
            .iter()
            .fold(self.ways, |ways, report| ways.and(report.ways));
    }
}

impl<'a> Nodes<'a> {
    /// Starts `count` processes on a new database. Each process has users of its own.
    async fn start(bench: &'a Bench, count: usize) -> Result<Self> {
        let database = format!("bench_nodes_{count}");
        let url = bench.database_of_people(&database).await?;
        let mut processes = Vec::new();
        for first in 0..count {
            let users = Users {
                first,
                step: count,
                all: bench.options.users as usize,
            };
            processes.push(Process::start(bench, &url, users).await?);
        }
        let began_at = bench.cluster.head(&database).await?;
        Ok(Self {
            bench,
            database,
            processes,
            acknowledged: 0,
            began_at,
        })
    }

    async fn write(&mut self, when: When, window: Window) -> Result<Written> {
        let cpu = self.cpu();
        let written = match when {
            When::AtOnce => self.at_once(window, &cpu).await?,
            When::Alternately => self.alternately(window, &cpu).await?,
        };
        self.acknowledged += written.0.all;
        Ok(written)
    }

    /// All processes write at the same time, and share the writers.
    async fn at_once(&mut self, window: Window, cpu: &Cpu) -> Result<Written> {
        let count = self.processes.len();
        let orders = self.processes.iter_mut().enumerate().map(|(at, process)| {
            process.write(Order {
                writers: WRITERS / count + usize::from(at < WRITERS % count),
                warm_up: window.warm_up,
                length: window.length,
            })
        });
        let counted = async {
            tokio::time::sleep(window.warm_up).await;
            let before = cpu.read()?;
            tokio::time::sleep(window.length).await;
            Ok::<_, Box<dyn std::error::Error + Send + Sync>>((before, cpu.read()?))
        };
        let (reports, readings) = tokio::join!(futures_util::future::join_all(orders), counted);
        let reports = reports.into_iter().collect::<Result<Vec<_>>>()?;
        let per_second = reports.iter().map(|report| report.per_second).sum();
        Ok((rate(per_second, &reports, cpu, readings?), reports))
    }

    /// The processes take turns: each has all writers for a while, without a warm-up.
    async fn alternately(&mut self, window: Window, cpu: &Cpu) -> Result<Written> {
        let count = self.processes.len();
        let order = Order {
            writers: WRITERS,
            warm_up: std::time::Duration::ZERO,
            length: window.length / (TURNS * count as u32),
        };
        let mut reports = vec![Report::default(); count];
        let before = cpu.read()?;
        for _ in 0..TURNS {
            for (process, sum) in self.processes.iter_mut().zip(&mut reports) {
                let turn = process.write(order).await?;
                sum.per_second += turn.per_second / f64::from(TURNS);
                sum.all += turn.all;
                sum.latency = slowest([sum.latency, turn.latency]);
                sum.ways = sum.ways.and(turn.ways);
            }
        }
        let readings = (before, cpu.read()?);
        let per_second = reports.iter().map(|report| report.per_second).sum::<f64>() / count as f64;
        Ok((rate(per_second, &reports, cpu, readings), reports))
    }

    fn cpu(&self) -> Cpu {
        let nodes = NAMES.into_iter().zip(&self.processes);
        let nodes = nodes.map(|(name, process)| (name, process.processes()));
        let postgres = ("postgres", Processes::Tree(self.bench.cluster.process));
        Cpu::of(&nodes.chain([postgres]).collect::<Vec<_>>())
    }

    /// Ends the processes. The ledger must have grown by what they reported.
    async fn stop(self) -> Result<()> {
        for process in self.processes {
            process.stop().await?;
        }
        let recorded = self.bench.cluster.head(&self.database).await? - self.began_at;
        if recorded == self.acknowledged {
            Ok(())
        } else {
            Err(format!(
                "{} events were acknowledged, but {recorded} recorded",
                self.acknowledged
            )
            .into())
        }
    }
}

fn rate(per_second: f64, reports: &[Report], cpu: &Cpu, (before, after): (Reading, Reading)) -> Rate {
    Rate {
        per_second,
        all: reports.iter().map(|report| report.all).sum(),
        shares: cpu.shares(&before, &after),
        latency: slowest(reports.iter().map(|report| report.latency)),
    }
}

/// The longest times.
fn slowest(latencies: impl IntoIterator<Item = (f64, f64)>) -> (f64, f64) {
    latencies
        .into_iter()
        .fold((0.0, 0.0), |(half, most), (one, other)| {
            (half.max(one), most.max(other))
        })
}
