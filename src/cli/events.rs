//! `muniment events`

use std::{io::Write, process::ExitCode};

use clap::Args;
use futures_util::{StreamExt, pin_mut};

use super::{CliError, open_database, open_ledger_quietly};
use ledger::{Filter, Ledger, Stored};
use server::settings::Settings;

/// How many events are read at once.
const PAGE: i64 = 1_000;

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
    let ledger = open_ledger_quietly(&settings, open_database(&settings).await?).await?;
    let mut out = std::io::stdout().lock();
    if arguments.follow {
        let tail = ledger.tail(arguments.after);
        pin_mut!(tail);
        while let Some(event) = tail.next().await {
            if !print(&mut out, &ledger, &event?)? {
                break;
            }
            out.flush()?;
        }
        return Ok(ExitCode::SUCCESS);
    }
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
    Ok(ExitCode::SUCCESS)
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
