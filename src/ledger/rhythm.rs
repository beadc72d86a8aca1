//! Decides whether batches overlap, by trying both.
//!
//! If the next batch is decided while one is in flight, the database and this process work at the same time. But then the
//! callers form two groups that take turns, and each batch has half of the units. Where a commit costs little beside the
//! work for a unit, overlapping is faster; where it costs much (a slow disk, a database far away), fewer and larger batches
//! are. No constant fits both, so the appender measures how many units land in a second each way, keeps to the better one,
//! and tries the other one now and then.

use std::time::Duration;

/// How many batches one measurement takes.
const WINDOW: u32 = 32;
/// After how many measurements the other way is tried once.
const TRY_EVERY: u32 = 24;
/// How much a new measurement counts beside the earlier ones.
const WEIGHT: f64 = 0.5;

/// The way that batches follow each other, and how fast each way was.
#[derive(Debug)]
pub(super) struct Rhythm {
    /// The better way, as far as is known.
    best: Way,
    /// The way of the present measurement.
    now: Way,
    /// Units that land in a second, for each way; `None` before the first measurement.
    rates: [Option<f64>; 2],
    /// How many measurements remain before the other way is tried.
    until_try: u32,
    window: Window,
}

/// One measurement.
#[derive(Debug, Default)]
struct Window {
    began: Option<Duration>,
    batches: u32,
    units: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Overlapping,
    OneByOne,
}

impl Way {
    fn other(self) -> Self {
        match self {
            Self::Overlapping => Self::OneByOne,
            Self::OneByOne => Self::Overlapping,
        }
    }
}

impl Rhythm {
    pub(super) fn new() -> Self {
        Self {
            best: Way::Overlapping,
            now: Way::Overlapping,
            rates: [None; 2],
            // The other way is unknown: try it soon.
            until_try: 1,
            window: Window::default(),
        }
    }

    /// Whether the next batch may be decided while one is in flight.
    pub(super) fn overlaps(&self) -> bool {
        self.now == Way::Overlapping
    }

    /// A batch of so many units has landed now.
    pub(super) fn landed(&mut self, units: usize, now: Duration) {
        let Some(began) = self.window.began else {
            // What came before the first landing is not measured.
            self.window.began = Some(now);
            return;
        };
        self.window.batches += 1;
        self.window.units += units;
        if self.window.batches < WINDOW {
            return;
        }
        let seconds = now.saturating_sub(began).as_secs_f64();
        let units = self.window.units;
        self.window = Window::default();
        if seconds > 0.0 {
            self.measured(units as f64 / seconds);
        }
    }

    /// The appender had nothing to do, so the present measurement would say nothing about its speed.
    pub(super) fn paused(&mut self) {
        self.window = Window::default();
    }

    fn measured(&mut self, rate: f64) {
        let old = self.rate(self.now);
        *self.rate_mut(self.now) = Some(old.map_or(rate, |old| old + WEIGHT * (rate - old)));
        let other = self.rate(self.best.other());
        if other > self.rate(self.best) && other.is_some() {
            self.best = self.best.other();
        }
        self.until_try = self.until_try.saturating_sub(1);
        self.now = self.best;
        if self.until_try == 0 {
            self.until_try = TRY_EVERY;
            self.now = self.best.other();
        }
    }

    fn rate(&self, way: Way) -> Option<f64> {
        let [overlapping, one_by_one] = self.rates;
        match way {
            Way::Overlapping => overlapping,
            Way::OneByOne => one_by_one,
        }
    }

    fn rate_mut(&mut self, way: Way) -> &mut Option<f64> {
        let [overlapping, one_by_one] = &mut self.rates;
        match way {
            Way::Overlapping => overlapping,
            Way::OneByOne => one_by_one,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lands batches for a while on a machine where a batch of 100 units takes so many milliseconds each way. Returns the
    /// share of batches that overlapped in the second half.
    fn share_of_overlapping(rhythm: &mut Rhythm, overlapping: u64, one_by_one: u64) -> f64 {
        let (mut now, mut overlapped) = (Duration::ZERO, 0);
        const BATCHES: u32 = 20_000;
        for batch in 0..BATCHES {
            let millis = if rhythm.overlaps() {
                overlapping
            } else {
                one_by_one
            };
            now += Duration::from_millis(millis);
            overlapped += u32::from(rhythm.overlaps() && batch >= BATCHES / 2);
            rhythm.landed(100, now);
        }
        f64::from(overlapped) / f64::from(BATCHES / 2)
    }

    #[test]
    fn the_faster_way_is_kept_and_the_other_one_tried() {
        let mut rhythm = Rhythm::new();
        for _ in 0..3 {
            let share = share_of_overlapping(&mut rhythm, 2, 3);
            assert!((0.9..1.0).contains(&share), "{share}");
            // The disk has become slow.
            let share = share_of_overlapping(&mut rhythm, 9, 6);
            assert!((0.0001..0.1).contains(&share), "{share}");
        }
    }

    #[test]
    fn a_pause_is_not_measured() {
        let mut rhythm = Rhythm::new();
        for number in 0..WINDOW {
            rhythm.landed(1, Duration::from_secs(u64::from(number)));
        }
        rhythm.paused();
        assert_eq!(rhythm.rates, [None; 2]);
        // The first batch after a pause begins a measurement.
        for number in 0..=WINDOW {
            rhythm.landed(1, Duration::from_secs(1_000 + u64::from(number)));
        }
        assert_eq!(rhythm.rates, [Some(1.0), None]);
    }

    #[test]
    fn a_clock_that_stands_still_changes_nothing() {
        let mut rhythm = Rhythm::new();
        for _ in 0..10 * WINDOW {
            rhythm.landed(1, Duration::ZERO);
        }
        assert_eq!(rhythm.rates, [None; 2]);
        assert!(rhythm.overlaps());
    }
}
