//! Logs: one line per event on stderr, with fields. They never contain a credential, a token or personal data.

use std::sync::OnceLock;

use projections::sql::{NOTICES, note_warning};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::{
    Layer, Registry,
    filter::{LevelFilter, Targets},
    fmt,
    layer::Context,
    prelude::*,
    reload,
};

/// The filter of the log, which can be replaced.
static FILTER: OnceLock<reload::Handle<Targets, Registry>> = OnceLock::new();

/// Starts logging by `filter`: levels of targets, such as `info,ledger=debug`. Errors of other targets are logged, too.
pub fn start(filter: &str) -> Result<(), String> {
    let filter = levels(filter).map_err(|error| format!("setting log: {error}"))?;
    let lines = fmt::layer().with_writer(std::io::stderr).with_ansi(false);
    let (filter, handle) = reload::Layer::new(filter);
    let warnings = Targets::new().with_target(NOTICES, Level::WARN);
    let subscriber = tracing_subscriber::registry()
        .with(lines.with_filter(filter))
        .with(Warnings.with_filter(warnings));
    subscriber.try_init().map_err(|error| error.to_string())?;
    // Only the first call gets here.
    let _ = FILTER.set(handle);
    Ok(())
}

/// Passes the warnings of Postgres to the commits that they are about.
struct Warnings;

impl<S: Subscriber> Layer<S> for Warnings {
    fn on_event(&self, _: &Event<'_>, _: Context<'_, S>) {
        note_warning();
    }
}

/// Replaces the filter of the log.
pub fn filter_by(filter: &str) -> Result<(), String> {
    let filter = levels(filter).map_err(|error| format!("setting log: {error}"))?;
    match FILTER.get() {
        Some(handle) => handle.reload(filter).map_err(|error| error.to_string()),
        None => Ok(()),
    }
}

/// The levels of a filter. Empty parts are ignored.
fn levels(filter: &str) -> Result<Targets, String> {
    if filter.contains('[') {
        return Err(format!(
            "`{filter}` filters by spans or fields, but only targets can be filtered"
        ));
    }
    let parts: Vec<&str> = filter
        .split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .collect();
    let levels: Targets = parts
        .join(",")
        .parse()
        .map_err(|error| format!("`{filter}`: {error}"))?;
    let others = levels.default_level().unwrap_or(LevelFilter::ERROR);
    Ok(levels.with_default(others))
}

#[cfg(test)]
mod tests {
    use tracing::Level;

    use super::levels;

    #[test]
    fn empty_parts_are_ignored() {
        for filter in ["info", "info,", " info , ", "info,,ledger=debug"] {
            let levels = levels(filter).unwrap();
            assert!(levels.would_enable("server", &Level::INFO), "{filter}");
            assert!(!levels.would_enable("server", &Level::DEBUG), "{filter}");
        }
    }

    #[test]
    fn errors_of_other_targets_are_logged() {
        for filter in ["", "ledger=debug"] {
            let levels = levels(filter).unwrap();
            assert!(levels.would_enable("server", &Level::ERROR), "{filter}");
            assert!(!levels.would_enable("server", &Level::WARN), "{filter}");
        }
        assert!(
            levels("ledger=debug")
                .unwrap()
                .would_enable("ledger::appender", &Level::DEBUG)
        );
    }

    #[test]
    fn a_filter_of_another_kind_is_refused() {
        for filter in ["[request]=debug", "info,[{id=5}]=debug", "info,ledger=loud"] {
            let error = levels(filter).unwrap_err();
            assert!(error.contains(filter), "{error}");
        }
    }
}
