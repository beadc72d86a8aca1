//! Progress bars on stderr, if it is a terminal.

use indicatif::{ProgressBar, ProgressStyle};

/// A bar over `total` events.
pub(crate) fn bar(total: i64, doing: &'static str) -> ProgressBar {
    let style = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len} events {per_sec} {eta}")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(u64::try_from(total).unwrap_or_default())
        .with_style(style)
        .with_message(doing)
}

/// Converts a position to the type of a progress bar.
pub(crate) fn at(position: i64) -> u64 {
    u64::try_from(position).unwrap_or_default()
}
