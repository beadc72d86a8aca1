//! Moments up to which it is proved that this process knows what was recorded.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use projections::sql::Server;

/// A moment of the clock, and the server that was used then.
#[derive(Clone, Copy)]
pub(super) struct Moment {
    pub(super) at: Duration,
    pub(super) server: Server,
}

/// The newest moment for which it was proved, in nanoseconds of the clock.
#[derive(Default)]
pub(super) struct Proven(AtomicU64);

impl Proven {
    /// The newest moment for which it is proved, if the last look at the server that is used now began at `seen` (zero: there was none), and the
    /// last commit that was confirmed began at `confirmed`. What was proved once stays so when another server is used: this process knows no less than
    /// before. While a commit is in doubt (`confirmed` is zero), nothing is proved.
    pub(super) fn newest(&self, seen: Duration, confirmed: Duration) -> Duration {
        if confirmed.is_zero() {
            return Duration::ZERO;
        }
        let now = nanos(seen.min(confirmed));
        Duration::from_nanos(self.0.fetch_max(now, Ordering::AcqRel).max(now))
    }
}

/// A time in nanoseconds.
pub(super) fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn what_was_proved_stays_when_another_server_is_used() {
        let proven = Proven::default();
        assert_eq!(proven.newest(seconds(0), seconds(5)), seconds(0));
        assert_eq!(proven.newest(seconds(7), seconds(5)), seconds(5));
        assert_eq!(proven.newest(seconds(7), seconds(9)), seconds(7));
        // Nothing was read at the new server yet.
        assert_eq!(proven.newest(seconds(0), seconds(11)), seconds(7));
        assert_eq!(proven.newest(seconds(12), seconds(11)), seconds(11));
    }

    #[test]
    fn nothing_is_proved_while_a_commit_is_in_doubt() {
        let proven = Proven::default();
        assert_eq!(proven.newest(seconds(7), seconds(9)), seconds(7));
        assert_eq!(proven.newest(seconds(8), seconds(0)), seconds(0));
        assert_eq!(proven.newest(seconds(8), seconds(9)), seconds(8));
    }
}
