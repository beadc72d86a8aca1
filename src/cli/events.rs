//! `muniment events`

use std::{io::Write, process::ExitCode, time::Duration};

use clap::Args;
use futures_util::{StreamExt, pin_mut};

use super::{CliError, look::LookedAt};
use ledger::{Filter, Ledger, Stored};
use server::settings::Settings;

/// How many events are read at once.
const PAGE: i64 = 1_000;

/// How often `--follow` looks whether a server has started.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Which events to print.
#[derive(Args)]
pub(crate) struct EventsArguments {
    /// Print only events after this position.
    #[arg(long, default_value_t = 0)]
    after: i64,
    /// Print at most this many events.
    #[arg(long)]
    limit: Option<i64>,
    /// Print only events of this type of aggregate, e.g. user.
    #[arg(long)]
    aggregate_type: Option<String>,
    /// Print only events of this aggregate.
    #[arg(long)]
    aggregate_id: Option<String>,
    /// Print only events of this type, e.g. user.role_granted.
    #[arg(long)]
    event_type: Option<String>,
    /// Continue, and print new events as they are recorded.
    #[arg(long, conflicts_with_all = ["limit", "aggregate_type", "aggregate_id", "event_type"])]
    follow: bool,
}

/// Prints events as CloudEvents, one per line, with sealed fields as ciphertext.
pub(crate) async fn run(settings: Settings, arguments: EventsArguments) -> Result<ExitCode, CliError> {
    let mut out = std::io::stdout().lock();
    if arguments.follow {
        follow(&settings, arguments.after, &mut out).await?;
        return Ok(ExitCode::SUCCESS);
    }
    let looked = LookedAt::open(&settings).await?;
    let (ledger, _) = looked.ledger(&settings).await?;
    let filter = Filter {
        aggregate_type: arguments.aggregate_type,
        aggregate_id: arguments.aggregate_id,
        event_type: arguments.event_type,
    };
    let (mut position, mut left) = (arguments.after, arguments.limit.unwrap_or(i64::MAX));
    while left > 0 {
        let page = ledger.after(position, left.min(PAGE), &filter).await?;
        let Some(last) = page.last() else { break };
        position = last.position;
        left -= page.len() as i64;
        for event in &page {
            if !print(&mut out, &ledger, event)? {
                return Ok(ExitCode::SUCCESS);
            }
        }
    }
    if !looked.is_certain() {
        return Err(CliError::Other(
            "a server has started meanwhile, so events may be missing or wrong: run the command again"
                .to_owned(),
        ));
    }
    Ok(ExitCode::SUCCESS)
}

/// Prints events as they are recorded, until nobody reads stdout.
async fn follow(settings: &Settings, mut position: i64, out: &mut impl Write) -> Result<(), CliError> {
    loop {
        let looked = LookedAt::open(settings).await?;
        let (ledger, _) = looked.ledger(settings).await?;
        let tail = ledger.tail(position);
        pin_mut!(tail);
        loop {
            let next = tokio::time::timeout(LOOK_EVERY, tail.next()).await;
            match next {
                Ok(Some(event)) => {
                    let event = event?;
                    position = event.position;
                    if !print(out, &ledger, &event)? {
                        return Ok(());
                    }
                    out.flush()?;
                }
                Ok(None) => return Ok(()),
                // On SQLite, a server that has started writes to a log that was not there before.
                Err(_elapsed) if !looked.is_live() && !looked.is_certain() => break,
                Err(_elapsed) => {}
            }
        }
    }
}

/// Prints an event. Returns whether stdout is still being read.
fn print(out: &mut impl Write, ledger: &Ledger, event: &Stored) -> Result<bool, CliError> {
    let line = serde_json::to_string(&event.cloud_event(ledger.id())?)?;
    match writeln!(out, "{line}") {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(error.into()),
    }
}
