//! Decides whether batches overlap, by trying both.
//!
//! If the next batch is decided while one is in flight, the database and this process work at the same time. But then the
//! callers form two groups that take turns, and each batch has half of the units. If a commit costs little compared with the
//! work for the units, overlapping is faster. If a commit costs much (a slow disk, a database far away), fewer and larger
//! batches are faster. No constant fits both cases. So from time to time the appender tries both ways in turns and measures
//! how many units land in a second. Then it uses the faster way.

use std::time::Duration;

/// How many batches land before a measurement begins, so that it does not measure the way that was used before.
const SETTLE: u32 = 4;
/// How many batches one measurement takes.
const WINDOW: u32 = 12;
/// How often a trial measures each way: both in turns, since the number of callers may change meanwhile. The median of each way
/// counts, so one measurement that something else disturbed does not.
const TRIES: usize = 3;
/// How many batches land in the faster way before the next trial.
const KEEP: u32 = 1_000;
/// After so many batches in a row whose number of callers is not even half of that at the last trial, or more than twice as large, a
/// new trial begins: few callers are better off in one batch, many are not.
const OTHERS: u32 = 8;
/// How many times as fast it must be not to overlap. At equal speed, batches overlap: then the database and this process are
/// idle for less time.
const CLEARLY: f64 = 1.05;

/// How batches follow each other.
#[derive(Debug)]
pub(super) struct Rhythm {
    stage: Stage,
    window: Window,
    /// The way that the last trial found to be faster.
    overlapping: bool,
    /// How many callers there were at the end of the last trial.
    callers: usize,
    /// How many batches in a row had another number of callers.
    others: u32,
}

/// What the appender does now.
#[derive(Debug)]
enum Stage {
    /// Both ways are measured in turns.
    Trial {
        /// How many measurements are done.
        done: usize,
        /// The rates so far, of overlapping batches and of batches one by one.
        rates: [[f64; TRIES]; 2],
        /// Whether this trial repeats one that advised against overlapping.
        again: bool,
    },
    /// The faster way is used for `left` more batches.
    Keep { left: u32 },
}

impl Stage {
    const fn trial(again: bool) -> Self {
        Self::Trial {
            done: 0,
            rates: [[0.0; TRIES]; 2],
            again,
        }
    }
}

/// One measurement.
#[derive(Debug, Default)]
struct Window {
    batches: u32,
    /// When the measurement began; `None` while batches settle.
    began: Option<Duration>,
    units: usize,
}

impl Rhythm {
    pub(super) fn new() -> Self {
        Self {
            stage: Stage::trial(false),
            window: Window::default(),
            overlapping: true,
            callers: 0,
            others: 0,
        }
    }

    /// Whether the next batch may be decided while one is in flight.
    pub(super) fn overlaps(&self) -> bool {
        match self.stage {
            Stage::Trial { done, .. } => done.is_multiple_of(2),
            Stage::Keep { .. } => self.overlapping,
        }
    }

    /// A batch of so many units has landed now. About so many callers append at the same time.
    pub(super) fn landed(&mut self, units: usize, callers: usize, now: Duration) {
        if 2 * callers < self.callers || callers > 2 * self.callers {
            self.others += 1;
        } else {
            self.others = 0;
        }
        match &mut self.stage {
            Stage::Keep { .. } if self.others >= OTHERS => self.stage = Stage::trial(false),
            Stage::Keep { left: 0 } => self.stage = Stage::trial(false),
            Stage::Keep { left } => *left -= 1,
            Stage::Trial { .. } => {
                if let Some(rate) = self.window.landed(units, now) {
                    self.callers = callers;
                    self.measured(rate);
                }
            }
        }
    }

    /// The appender had nothing to do, so the present measurement would not show its speed. It begins anew.
    pub(super) fn paused(&mut self) {
        self.window = Window::default();
    }

    fn measured(&mut self, rate: f64) {
        let Stage::Trial { done, rates, again } = &mut self.stage else {
            return;
        };
        let slot = rates.get_mut(*done % 2).and_then(|way| way.get_mut(*done / 2));
        if let Some(slot) = slot {
            *slot = rate;
        }
        *done += 1;
        if *done < 2 * TRIES {
            return;
        }
        let [overlapping, one_by_one] = rates.map(median);
        let overlaps = one_by_one <= CLEARLY * overlapping;
        if self.overlapping && !overlaps && !*again {
            // On a busy machine, chance may have said so.
            self.stage = Stage::trial(true);
        } else {
            self.overlapping = overlaps;
            self.stage = Stage::Keep { left: KEEP };
        }
    }
}

fn median(mut rates: [f64; TRIES]) -> f64 {
    rates.sort_unstable_by(f64::total_cmp);
    rates.get(TRIES / 2).copied().unwrap_or_default()
}

impl Window {
    /// Counts a batch. At the end of the measurement, returns how many units landed in a second, and begins anew.
    fn landed(&mut self, units: usize, now: Duration) -> Option<f64> {
        self.batches += 1;
        let Some(began) = self.began else {
            if self.batches == SETTLE {
                self.began = Some(now);
            }
            return None;
        };
        self.units += units;
        if self.batches < SETTLE + WINDOW {
            return None;
        }
        let (units, seconds) = (self.units, now.saturating_sub(began).as_secs_f64());
        *self = Self::default();
        (seconds > 0.0).then(|| units as f64 / seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lands batches while a batch of 100 units takes so many milliseconds each way. Returns the share of batches that
    /// overlapped.
    fn share_of_overlapping(rhythm: &mut Rhythm, overlapping: u64, one_by_one: u64) -> f64 {
        let (mut now, mut overlapped) = (Duration::ZERO, 0);
        const BATCHES: u32 = 20_000;
        for _ in 0..BATCHES {
            let overlaps = rhythm.overlaps();
            now += Duration::from_millis(if overlaps { overlapping } else { one_by_one });
            overlapped += u32::from(overlaps);
            rhythm.landed(100, 100, now);
        }
        f64::from(overlapped) / f64::from(BATCHES)
    }

    #[test]
    fn the_faster_way_is_kept_and_the_other_one_tried() {
        let mut rhythm = Rhythm::new();
        for _ in 0..3 {
            let share = share_of_overlapping(&mut rhythm, 20, 30);
            assert!((0.85..1.0).contains(&share), "{share}");
            // The disk has become slow.
            let share = share_of_overlapping(&mut rhythm, 90, 60);
            assert!((0.0001..0.15).contains(&share), "{share}");
            // Both are equal.
            let share = share_of_overlapping(&mut rhythm, 90, 89);
            assert!((0.85..1.0).contains(&share), "{share}");
        }
    }

    #[test]
    fn what_disturbs_a_few_measurements_changes_nothing() {
        let (mut rhythm, mut now, mut overlapped) = (Rhythm::new(), Duration::ZERO, 0);
        const BATCHES: u64 = 100_000;
        for batch in 0..BATCHES {
            let overlaps = rhythm.overlaps();
            // Something else takes the processor now and then for a while.
            let is_disturbed = batch / 20 % 7 == 3 || batch / 20 % 11 == 5;
            let usual = if overlaps { 100 } else { 120 };
            now += Duration::from_micros(if is_disturbed { 3 * usual } else { usual });
            overlapped += u64::from(overlaps);
            rhythm.landed(100, 100, now);
        }
        assert!(overlapped > BATCHES * 85 / 100, "{overlapped}");
    }

    #[test]
    fn a_load_that_grows_favours_no_way() {
        let (mut rhythm, mut now, mut overlapped) = (Rhythm::new(), Duration::ZERO, 0);
        for batch in 0..20_000_u64 {
            // Overlapping is a little faster, and the load grows all the time.
            let nanos = if rhythm.overlaps() { 1_000_000 } else { 1_050_000 };
            now += Duration::from_nanos(nanos);
            overlapped += u64::from(rhythm.overlaps());
            let units = usize::try_from(100 + batch).unwrap();
            rhythm.landed(units, units, now);
        }
        assert!(overlapped > 16_000, "{overlapped}");
    }

    #[test]
    fn another_number_of_callers_is_tried_at_once() {
        let (mut rhythm, mut now) = (Rhythm::new(), Duration::ZERO);
        let mut share = |callers: usize, overlapping: u64, one_by_one: u64| {
            let mut overlapped = 0;
            for _ in 0..KEEP {
                let overlaps = rhythm.overlaps();
                now += Duration::from_micros(if overlaps { overlapping } else { one_by_one });
                overlapped += u32::from(overlaps);
                rhythm.landed(callers, callers, now);
            }
            f64::from(overlapped) / f64::from(KEEP)
        };
        for _ in 0..3 {
            let few = share(16, 1_500, 1_000);
            assert!((0.01..0.2).contains(&few), "{few}");
            let many = share(64, 1_000, 1_500);
            assert!((0.8..1.0).contains(&many), "{many}");
        }
    }

    #[test]
    fn a_pause_begins_the_measurement_anew() {
        let mut window = Window::default();
        let second = |number: u32| Duration::from_secs(u64::from(number));
        for number in 1..SETTLE + WINDOW {
            assert_eq!(window.landed(1, second(number)), None);
        }
        let mut rhythm = Rhythm::new();
        rhythm.window = window;
        rhythm.paused();
        for number in 1..SETTLE + WINDOW {
            rhythm.landed(1, 1, second(1_000 + number));
        }
        assert!(rhythm.overlaps());
        rhythm.landed(1, 1, second(1_000 + SETTLE + WINDOW));
        assert!(!rhythm.overlaps(), "the other way is measured next");
        let Stage::Trial { done, rates, .. } = rhythm.stage else {
            panic!("{rhythm:?}");
        };
        assert_eq!((done, rates.map(|way| way[0])), (1, [1.0, 0.0]));
    }

    #[test]
    fn a_clock_that_stands_still_changes_nothing() {
        let mut rhythm = Rhythm::new();
        for _ in 0..10 * WINDOW {
            rhythm.landed(1, 1, Duration::ZERO);
        }
        assert!(rhythm.overlaps());
    }
}
