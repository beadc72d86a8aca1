//! Whether the clock of this node can be right.
//!
//! A node that is two days ahead would stamp the events of all nodes into the future, because the time of an event is never earlier than
//! that of the event before it. So a node compares its clock with that of the database and with the newest event, and writes nothing while
//! they are too far apart.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
    time::Duration,
};

use aggregates::values::Timestamp;

use crate::clock::Clock;

/// Compares the clock of this node.
pub struct Clocks {
    clock: Arc<dyn Clock>,
    /// How far apart clocks may be, in microseconds.
    bound: AtomicI64,
    /// The time that the database had when [`Clock::elapsed`] was zero, in microseconds. It is found anew with each comparison, and
    /// shows in between if somebody sets the clock.
    database: AtomicI64,
    /// The time of the newest event that this process knows.
    newest: AtomicI64,
    /// Whether nothing may be written before the clock was compared with the database's.
    must_compare: AtomicBool,
    /// Whether the clocks were too far apart when somebody last asked.
    off: AtomicBool,
}

/// The value of `database` before the first comparison.
const UNKNOWN: i64 = i64::MIN;

/// The clock of this node cannot be right, or others cannot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{than}: until that is over, this node writes nothing")]
pub struct ClockOff {
    than: Than,
}

/// With what a clock was compared. The numbers are seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Than {
    /// The clock was not compared with the database's yet.
    Unknown,
    /// The clock is ahead of the database's.
    AheadOfDatabase(i64),
    /// The clock is behind the database's.
    BehindDatabase(i64),
    /// The clock is behind the newest event.
    BehindEvents(i64),
}

impl fmt::Display for Than {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => f.write_str("the clock of this node was not compared with the database's yet"),
            Self::AheadOfDatabase(by) => {
                write!(f, "the clock of this node is {by} s ahead of the database's")
            }
            Self::BehindDatabase(by) => write!(f, "the clock of this node is {by} s behind the database's"),
            Self::BehindEvents(by) => write!(f, "the clock of this node is {by} s behind the newest event"),
        }
    }
}

impl Clocks {
    /// Compares this clock, without a bound. `newest` is the time of the newest event.
    pub(super) fn new(clock: Arc<dyn Clock>, newest: Timestamp) -> Self {
        Self {
            clock,
            bound: AtomicI64::new(i64::MAX),
            database: AtomicI64::new(UNKNOWN),
            newest: AtomicI64::new(newest.micros()),
            must_compare: AtomicBool::new(false),
            off: AtomicBool::new(false),
        }
    }

    /// From now on, nothing is written before the clock was compared with the database's. Without this call, a clock that was never compared
    /// counts as right, as on SQLite, which has no clock of its own.
    pub fn wait_for_the_database(&self) {
        self.must_compare.store(true, Ordering::Release);
    }

    /// From now on, nothing is written if clocks are further apart.
    pub fn bound_by(&self, bound: Duration) {
        self.bound.store(micros(bound), Ordering::Release);
    }

    /// The time of this node, if the clocks are near enough to each other.
    pub(super) fn now(&self) -> Result<Timestamp, ClockOff> {
        let now = self.clock.now();
        let bound = self.bound.load(Ordering::Acquire);
        let ahead = self.ahead(now);
        let behind = self.newest().micros().saturating_sub(now.micros());
        let seconds = |micros: i64| micros / 1_000_000;
        let than = if self.lacks_comparison() {
            Some(Than::Unknown)
        } else if ahead > bound {
            Some(Than::AheadOfDatabase(seconds(ahead)))
        } else if ahead.saturating_neg() > bound {
            Some(Than::BehindDatabase(seconds(ahead.saturating_neg())))
        } else if behind > bound {
            Some(Than::BehindEvents(seconds(behind)))
        } else {
            None
        };
        self.off.store(than.is_some(), Ordering::Release);
        than.map_or(Ok(now), |than| Err(ClockOff { than }))
    }

    /// Whether the clocks are near enough to each other.
    pub fn judge(&self) -> Result<(), ClockOff> {
        self.now().map(drop)
    }

    /// The same, but if they were near enough when somebody last asked, this does not ask again.
    pub(super) fn still_off(&self) -> Result<(), ClockOff> {
        match self.off.load(Ordering::Acquire) {
            true => self.judge(),
            false => Ok(()),
        }
    }

    /// A time that is certainly over, by the newest event and this node's clock. What ended before it may be forgotten. An error if the
    /// clocks are too far apart.
    pub fn certain(&self) -> Result<Timestamp, ClockOff> {
        Ok(self.now()?.min(self.newest()))
    }

    /// Notes the time of an event.
    pub(super) fn note(&self, recorded_at: Timestamp) {
        self.newest.fetch_max(recorded_at.micros(), Ordering::AcqRel);
    }

    /// Notes the time that the database had between the moment `sent` and now. The moments are times of [`Clock::elapsed`].
    pub(super) fn compare(&self, sent: Duration, database: i64) {
        let received = micros(self.clock.elapsed());
        let own = self.clock.now().micros().saturating_sub(received);
        // What the question and the answer took is no difference.
        let earliest = database.saturating_sub(received);
        let latest = database.saturating_sub(micros(sent)).max(earliest);
        self.database
            .store(own.clamp(earliest, latest), Ordering::Release);
    }

    fn lacks_comparison(&self) -> bool {
        self.must_compare.load(Ordering::Acquire) && self.database.load(Ordering::Acquire) == UNKNOWN
    }

    /// How far this clock is ahead of the database's, in microseconds. Zero before the first comparison.
    fn ahead(&self, now: Timestamp) -> i64 {
        let database = self.database.load(Ordering::Acquire);
        if database == UNKNOWN {
            return 0;
        }
        let database = database.saturating_add(micros(self.clock.elapsed()));
        now.micros().saturating_sub(database)
    }

    fn newest(&self) -> Timestamp {
        Timestamp::from_micros(self.newest.load(Ordering::Acquire))
    }
}

fn micros(time: Duration) -> i64 {
    i64::try_from(time.as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A clock that stands still until a test sets it. The numbers are seconds.
    #[derive(Default)]
    struct TestClock {
        now: AtomicI64,
        elapsed: AtomicI64,
    }

    impl TestClock {
        /// Lets time pass.
        fn pass(&self, time: i64) {
            self.set(self.now.load(Ordering::Relaxed) + time);
            self.elapsed.fetch_add(time, Ordering::Relaxed);
        }

        /// Sets the clock, without time passing.
        fn set(&self, now: i64) {
            self.now.store(now, Ordering::Relaxed);
        }
    }

    impl Clock for TestClock {
        fn now(&self) -> Timestamp {
            seconds(self.now.load(Ordering::Relaxed))
        }

        fn elapsed(&self) -> Duration {
            Duration::from_secs(self.elapsed.load(Ordering::Relaxed).unsigned_abs())
        }
    }

    fn seconds(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    /// At 1000 s, 7 s after the start of the machine.
    fn at_1000(newest: i64) -> (Arc<TestClock>, Clocks) {
        let clock = Arc::new(TestClock::default());
        clock.pass(7);
        clock.set(1_000);
        let clocks = Clocks::new(Arc::clone(&clock) as Arc<dyn Clock>, seconds(newest));
        clocks.bound_by(Duration::from_secs(60));
        (clock, clocks)
    }

    /// Asks the database for its time, which takes a moment.
    fn ask(clock: &TestClock, clocks: &Clocks, database: i64, took: i64) {
        let sent = clock.elapsed();
        clock.pass(took);
        clocks.compare(sent, database * 1_000_000);
    }

    fn said(clocks: &Clocks) -> String {
        clocks.judge().expect_err("a refusal").to_string()
    }

    #[test]
    fn a_clock_that_is_near_enough_is_good() {
        // A slow answer is no difference of the clocks.
        for database in [940, 1_000, 1_030, 1_100, 1_160] {
            let (clock, clocks) = at_1000(1_060);
            assert_eq!(clocks.judge(), Ok(()));
            ask(&clock, &clocks, database, 100);
            assert_eq!(clocks.judge(), Ok(()), "{database}");
        }
    }

    #[test]
    fn a_clock_that_is_too_far_off_is_said_until_it_is_right() {
        let (clock, clocks) = at_1000(1_000);
        ask(&clock, &clocks, 900, 1);
        assert!(
            said(&clocks).contains("100 s ahead of the database's"),
            "{}",
            said(&clocks)
        );
        ask(&clock, &clocks, 1_102, 1);
        assert!(
            said(&clocks).contains("100 s behind the database's"),
            "{}",
            said(&clocks)
        );
        ask(&clock, &clocks, 1_003, 1);
        assert_eq!(clocks.judge(), Ok(()));
    }

    #[test]
    fn a_clock_that_somebody_sets_is_noticed_before_the_next_comparison() {
        let (clock, clocks) = at_1000(1_000);
        ask(&clock, &clocks, 1_000, 0);
        clock.pass(500);
        assert_eq!(clocks.judge(), Ok(()));
        clock.set(3_000);
        assert!(
            said(&clocks).contains("1500 s ahead of the database's"),
            "{}",
            said(&clocks)
        );
        clock.set(1_510);
        assert_eq!(clocks.judge(), Ok(()));
    }

    #[test]
    fn a_clock_that_must_be_compared_is_not_good_before() {
        let (clock, clocks) = at_1000(1_000);
        clocks.wait_for_the_database();
        assert!(said(&clocks).contains("was not compared"), "{}", said(&clocks));
        ask(&clock, &clocks, 1_000, 1);
        assert_eq!(clocks.judge(), Ok(()));
    }

    #[test]
    fn events_of_the_future_are_noticed() {
        let (_, clocks) = at_1000(1_000);
        clocks.note(seconds(1_061));
        assert!(
            said(&clocks).contains("61 s behind the newest event"),
            "{}",
            said(&clocks)
        );
    }

    #[test]
    fn nothing_is_forgotten_by_one_clock_alone() {
        let (clock, clocks) = at_1000(990);
        assert_eq!(clocks.certain(), Ok(seconds(990)));
        clocks.note(seconds(1_010));
        assert_eq!(clocks.certain(), Ok(seconds(1_000)));
        clock.set(949);
        clocks.certain().expect_err("clocks that are too far apart");
    }

    #[test]
    fn without_a_bound_every_clock_is_good() {
        let clocks = Clocks::new(Arc::new(TestClock::default()), seconds(1_000_000));
        assert_eq!(clocks.judge(), Ok(()));
    }
}
