//! Logs: one line per event on stderr, with fields. They never contain a credential, a token or personal data.

use tracing_subscriber::{EnvFilter, fmt};

/// Starts logging by `filter` (tracing's syntax, e.g. `info,muniment=debug`).
pub fn start(filter: &str) -> Result<(), String> {
    let filter = EnvFilter::try_new(filter).map_err(|error| format!("setting log: {error}"))?;
    let subscriber = fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(false);
    subscriber.try_init().map_err(|error| error.to_string())
}
