//! Logs: one line per event on stderr, with fields. They never contain a credential, a token or personal data.

use tracing_subscriber::{
    filter::{LevelFilter, Targets},
    fmt,
    prelude::*,
};

/// Starts logging by `filter`: levels of targets, such as `info,ledger=debug`. Errors of other targets are logged, too.
pub fn start(filter: &str) -> Result<(), String> {
    let filter: Targets = filter.parse().map_err(|error| format!("setting log: {error}"))?;
    let others = filter.default_level().unwrap_or(LevelFilter::ERROR);
    let filter = filter.with_default(others);
    let lines = fmt::layer().with_writer(std::io::stderr).with_ansi(false);
    let subscriber = tracing_subscriber::registry().with(lines.with_filter(filter));
    subscriber.try_init().map_err(|error| error.to_string())
}
