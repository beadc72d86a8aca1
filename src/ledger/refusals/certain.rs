//! Up to which time it is certain that old refusals may be deleted.
//!
//! What is deleted never comes back, so a wrong clock must not decide alone. When a server starts, only the time of the last event plus a day
//! is certain; if there is no event yet, the clock is believed once. Then as much time is certain to have passed as a clock measures that nobody can set. If that lags behind the clock
//! because the server did not run for a while, it catches up, but at most by a day in an hour. So if the clock jumps forward, somebody who
//! reads the log can correct it before much is deleted.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use aggregates::values::Timestamp;

use super::names::DAY;

/// How many times as fast as time passes the certain time catches up.
const CATCH_UP: i64 = 24;
/// The log warns if the clock is ahead of the certain time by more than this, in microseconds.
const AHEAD: i64 = DAY / 24;
/// How often the log says so.
const WARN_EVERY: Duration = Duration::from_secs(60 * 60);

/// The time that is certain.
#[derive(Debug, Default)]
pub(super) struct Certain(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    /// The time that was certain the last time, and when that was by the clock that nobody can set.
    last: Option<(i64, Duration)>,
    warned: Option<Duration>,
}

impl Certain {
    /// The time that is certain when the clock says `now`. The last event was recorded at `recorded`, if there is one; `elapsed` is measured by
    /// the clock that nobody can set. Times are in microseconds.
    pub(super) fn time(&self, now: i64, elapsed: Duration, recorded: Option<i64>) -> i64 {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let bound = recorded.map(|recorded| recorded.saturating_add(DAY));
        let certain = match known.last {
            None => bound.unwrap_or(now),
            Some((last, at)) => {
                let passed = elapsed.saturating_sub(at).as_micros();
                let passed = i64::try_from(passed).unwrap_or(i64::MAX);
                let caught_up = last.saturating_add(passed.saturating_mul(CATCH_UP));
                let bound = bound.unwrap_or(last);
                last.saturating_add(passed).max(bound.min(caught_up))
            }
        };
        let certain = certain.min(now);
        known.last = Some((certain, elapsed));
        let is_time = known
            .warned
            .is_none_or(|at| elapsed.saturating_sub(at) >= WARN_EVERY);
        if now.saturating_sub(certain) > AHEAD && is_time {
            known.warned = Some(elapsed);
            let [clock, certain] = [now, certain].map(Timestamp::from_micros);
            let last_event = recorded.map(Timestamp::from_micros).map(|at| at.to_string());
            let last_event = last_event.as_deref().unwrap_or("none");
            tracing::warn!(
                %clock, %certain, %last_event,
                "the clock is far ahead of the last event: old refusals are deleted only up to the time that is certain. Check the clock"
            );
        }
        certain
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = DAY / 24;

    fn hours(hours: u64) -> Duration {
        Duration::from_secs(hours * 60 * 60)
    }

    #[test]
    fn a_clock_that_is_right_is_believed() {
        let certain = Certain::default();
        for hour in 0..100 {
            let now = i64::try_from(hour).unwrap() * HOUR;
            // Nothing is recorded for four days.
            assert_eq!(certain.time(now, hours(hour), Some(0)), now);
        }
    }

    #[test]
    fn a_server_that_starts_believes_a_day_after_the_last_event() {
        assert_eq!(
            Certain::default().time(100 * DAY, hours(7), Some(3 * DAY)),
            4 * DAY
        );
        assert_eq!(
            Certain::default().time(3 * DAY + 5, hours(7), Some(3 * DAY)),
            3 * DAY + 5
        );
    }

    #[test]
    fn without_an_event_the_clock_is_believed_once() {
        let certain = Certain::default();
        assert_eq!(certain.time(100 * DAY, hours(7), None), 100 * DAY);
        assert_eq!(certain.time(3_650 * DAY, hours(8), None), 100 * DAY + HOUR);
    }

    #[test]
    fn a_clock_that_jumps_decides_little_whether_or_not_something_is_recorded() {
        for recorded in [None, Some(0), Some(3_650 * DAY)] {
            let certain = Certain::default();
            assert_eq!(certain.time(0, hours(0), Some(0)), 0);
            assert_eq!(certain.time(3_650 * DAY, hours(0), recorded), 0);
            let after_an_hour = certain.time(3_650 * DAY + HOUR, hours(1), recorded);
            assert!(after_an_hour <= DAY, "{after_an_hour}");
            // The clock is right again.
            assert_eq!(certain.time(2 * HOUR, hours(2), recorded), 2 * HOUR);
        }
    }

    #[test]
    fn a_server_that_was_off_for_long_catches_up() {
        let certain = Certain::default();
        let off = 14 * DAY;
        assert_eq!(certain.time(off, hours(0), Some(0)), DAY);
        for hour in 1..=14 {
            let now = off + i64::try_from(hour).unwrap() * HOUR;
            let believed = certain.time(now, hours(hour), Some(now));
            assert!(believed <= now);
            assert_eq!(believed == now, hour == 14, "{hour}: {believed}");
        }
    }
}
