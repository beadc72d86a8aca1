//! What follows when refusals cannot be stored, or when there are too many: a pause, and lines of the log.

use std::time::Duration;

use super::Refusals;
use crate::{LedgerError, WithCauses};

/// The pause after the first failure. It doubles with each further one.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// The log has at most one line about each kind of trouble in this time.
const LINE_EVERY: Duration = Duration::from_secs(60);

/// The attempts to store refusals so far.
#[derive(Default)]
pub(super) struct Attempts {
    /// How many failed since the last one that succeeded.
    failed: u32,
    /// When the log last said that refusals cannot be stored.
    said_failed: Option<Duration>,
    /// When the log last said that there are too many, and how many had been rolled up and lost then.
    said_many: Option<Duration>,
    excess: (u64, u64),
}

impl Attempts {
    /// How many attempts have failed since the last one that succeeded.
    pub(super) fn failed(&self) -> u32 {
        self.failed
    }

    /// Notes that an attempt has ended, and tells the log what it should know. Returns how long to wait before the next attempt.
    pub(super) fn ended(&mut self, refusals: &Refusals, error: Option<&LedgerError>) -> Duration {
        let now = refusals.clock.elapsed();
        self.tell_of_excess(refusals.excess(), now);
        let Some(error) = error else {
            self.failed = 0;
            return Duration::ZERO;
        };
        let pause = FIRST_PAUSE
            .saturating_mul(1 << self.failed.min(16))
            .min(LONGEST_PAUSE);
        self.failed = self.failed.saturating_add(1);
        if is_time(self.said_failed, now) {
            self.said_failed = Some(now);
            let rows = refusals.buffer().waiting();
            let (error, pause) = (WithCauses(error), pause.as_secs());
            tracing::warn!(rows, %error, "refusals cannot be stored; they wait in memory for {pause} s until the next attempt");
        }
        pause
    }

    fn tell_of_excess(&mut self, excess: (u64, u64), now: Duration) {
        if excess == self.excess || !is_time(self.said_many, now) {
            return;
        }
        let (rolled, lost) = (excess.0 - self.excess.0, excess.1 - self.excess.1);
        self.said_many = Some(now);
        self.excess = excess;
        tracing::warn!(
            rolled,
            lost,
            "too many refusals to keep each name and address of them"
        );
    }
}

/// Whether enough time has passed since a line of the log.
fn is_time(said: Option<Duration>, now: Duration) -> bool {
    said.is_none_or(|at| now.saturating_sub(at) >= LINE_EVERY)
}
