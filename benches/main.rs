//! Measures Muniment beside the simplest program that does the same work, in one run on one machine.
//!
//! `scripts/bench` builds this program, starts what it needs and runs it; `docs/benchmarks.md` describes the method.
//! Each file in `rows/` measures one thing and adds rows to the table.
#![expect(
    clippy::indexing_slicing,
    reason = "a measurement that panics has no result, and harms nobody"
)]

mod context;
mod cpu;
mod http;
mod machine;
mod measure;
mod outside;
mod postgres;
mod random;
mod rows;
mod seed;
mod server;
mod table;

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};

use context::{Bench, Options, Result};
use table::Table;

/// Measures Muniment. Run it by scripts/bench, which starts everything that it needs.
#[derive(Parser)]
#[command(name = "bench")]
struct Arguments {
    /// One short round of everything. It shows that the bench works, not how fast Muniment is.
    #[arg(long)]
    quick: bool,
    /// Only the groups whose name contains one of these, separated by commas: appender, nodes, commands, streams, imports, session,
    /// replay, check, evaluation, consistency, million, licences, grants, proxy, server, logins, flood, timing, kicks, memory, brokers, certificates.
    #[arg(long, value_name = "PATTERN")]
    only: Option<String>,
    /// Seconds per measurement [default: 5].
    #[arg(long, value_name = "N")]
    seconds: Option<u64>,
    /// Rounds; each round measures everything of a group once [default: 3].
    #[arg(long, value_name = "N")]
    rounds: Option<usize>,
    /// How many events to replay [default: 1000000].
    #[arg(long, value_name = "N")]
    events: Option<u64>,
    /// Also write the rows to this file, separated by tabs.
    #[arg(long, value_name = "FILE")]
    results: Option<PathBuf>,
    #[command(subcommand)]
    helper: Option<Helper>,
}

/// The tasks that run in a process of their own.
#[derive(Subcommand)]
enum Helper {
    /// Serves the content of the file, and does nothing else.
    #[command(hide = true)]
    Bare { how: rows::bare::Bare, file: PathBuf },
    /// Fills the authorization engine, and prints the memory and the time used.
    #[command(hide = true)]
    EngineMemory { users: u64 },
    /// Opens a ledger as the server does, and prints the time and memory used, and the time of a check.
    #[command(hide = true)]
    Start { url: String, users: u64 },
    /// Writes to a ledger as the orders on stdin say: to every `step`-th of `all` users, from `first` on.
    #[command(hide = true)]
    Node {
        url: String,
        first: usize,
        step: usize,
        all: usize,
    },
}

/// The same allocator as the server's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match start(Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            progress(&format!("failed: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn start(arguments: Arguments) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    match arguments.helper {
        Some(Helper::Bare { how, file }) => runtime.block_on(rows::bare::serve(how, &file)),
        Some(Helper::EngineMemory { users }) => {
            let (bytes, seconds) = rows::memory::fill(users)?;
            say(&format!("{bytes} {seconds}"));
            Ok(())
        }
        Some(Helper::Start { url, users }) => {
            let figures = runtime.block_on(async {
                tokio::spawn(async move { rows::million::start::open(&url, users).await }).await?
            })?;
            say(&figures.map(|figure| figure.to_string()).join(" "));
            Ok(())
        }
        Some(Helper::Node {
            url,
            first,
            step,
            all,
        }) => runtime.block_on(async {
            let users = rows::appender::Users { first, step, all };
            tokio::spawn(async move { rows::nodes::process::write(&url, users).await }).await?
        }),
        // This runs on a worker thread, like everything in the server, not on the thread that waits for it.
        None => runtime.block_on(async { tokio::spawn(measure_all(arguments)).await? }),
    }
}

async fn measure_all(arguments: Arguments) -> Result<()> {
    let base = if arguments.quick {
        Options::QUICK
    } else {
        Options::FULL
    };
    let options = Options {
        seconds: arguments.seconds.unwrap_or(base.seconds).max(1),
        rounds: arguments.rounds.unwrap_or(base.rounds).max(1),
        events: arguments.events.unwrap_or(base.events),
        ..base
    };
    let bench = Bench::from_environment(options)?;
    let facts = machine::facts(&bench).await?;
    let mut table = Table::default();
    let wanted = |group: &str| {
        let only = arguments.only.as_deref();
        only.is_none_or(|only| only.split(',').any(|part| group.contains(part)))
    };
    let mut failed = None;
    for group in rows::GROUPS.iter().filter(|group| wanted(group)) {
        progress(&format!("{group}:"));
        if let Err(error) = rows::measure(group, &bench, &mut table).await {
            let error = ledger::WithCauses(&*error);
            progress(&format!("{group} failed: {error}"));
            failed = Some(format!("{group}: {error}"));
        }
    }
    say(&format!("{facts}\n{table}"));
    if let Some(file) = arguments.results {
        std::fs::write(file, table.tab_separated())?;
    }
    failed.map_or(Ok(()), |reason| Err(reason.into()))
}

/// Prints a line of the result.
#[expect(clippy::print_stdout, reason = "the result is printed on stdout")]
fn say(line: &str) {
    println!("{line}");
}

/// Prints a line about the progress of the run.
#[expect(
    clippy::print_stderr,
    reason = "progress goes to stderr, apart from the table"
)]
fn progress(line: &str) {
    eprintln!("bench: {line}");
}
