//! Decides when the write-ahead log is copied, and what the writer waits for.

use std::time::Duration;

/// The bytes of a page and its header in the log.
pub(super) const FRAME: u64 = 4_120;

/// How long the log may become, and how long the writer may wait for it. Lengths are in pages of 4 KiB.
///
/// A batch waits at most for one copy of `most_at_once` pages and the `fsync` of these pages. If the log is longer than `most`,
/// a batch may also wait for the time `wait`: once for the readers that keep SQLite from reusing the log, and twice for the
/// second thread, if the disk is too slow for it to keep up.
#[derive(Clone, Copy, Debug)]
pub(in crate::store::sql) struct Limits {
    /// A checkpoint begins after this number of new pages.
    pub(super) every: u64,
    /// If no more than these pages are left, the writer waits until they are copied.
    pub(super) few: u64,
    /// How often the second thread tries to leave no more than `few` pages.
    pub(super) passes: u32,
    /// After these tries, the writer waits for the copy if no more than these pages are left.
    pub(super) most_at_once: u64,
    /// The length to which the file of the log shrinks when SQLite reuses it.
    pub(super) kept: u64,
    /// If the log has more pages, the writer may wait for the second thread and for readers.
    pub(super) most: u64,
    /// How long one such wait lasts at most.
    pub(super) wait: Duration,
}

impl Limits {
    /// The limits of the server.
    pub(in crate::store::sql) const SERVER: Self = Self {
        every: 16_000,
        few: 500,
        passes: 4,
        most_at_once: 4_000,
        kept: 32_000,
        most: 64_000,
        wait: Duration::from_millis(100),
    };

    /// The length to which the file of the log shrinks, in bytes.
    pub(in crate::store::sql) const fn kept_bytes(&self) -> u64 {
        self.kept * FRAME
    }
}

/// What the writer does about the log next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// It does nothing.
    Nothing,
    /// It asks the second thread to copy the log.
    Pass,
    /// It waits for the second thread, but not for long.
    Wait,
    /// It asks the second thread to copy the rest, and waits for that.
    Finish,
}

/// How far a checkpoint came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reached {
    /// How many pages the log had when the checkpoint began.
    pub(super) log: u64,
    /// How many of them are copied.
    pub(super) copied: u64,
}

/// The log, as the plan sees it.
pub(super) trait Log {
    /// For how many pages its file has room.
    fn room(&self) -> u64;
    /// Begins a pass beside the writer. Returns whether it began.
    fn pass(&mut self) -> bool;
    /// The result of the pass, if it has ended.
    fn passed(&mut self) -> Option<Option<Reached>>;
    /// Like [`Log::passed`], but waits for a short time.
    fn wait(&mut self) -> Option<Option<Reached>>;
    /// Copies the rest while the writer waits. If `waits_for_readers` is true, it also waits for the readers that keep SQLite
    /// from reusing the log.
    fn finish(&mut self, waits_for_readers: bool) -> Option<Reached>;
    /// Adds a page without changing anything. Returns whether it did.
    fn write(&mut self) -> bool;
}

/// The progress of the checkpoints.
#[derive(Debug)]
pub(super) struct Plan {
    limits: Limits,
    /// How many pages the log had at most when the last checkpoint began.
    log: u64,
    /// How many of these are copied.
    copied: u64,
    /// About how many pages the log got since then.
    new: u64,
    /// For how many pages the file of the log has room.
    room: u64,
    /// Whether some page of the log is certainly not copied. This remains so until the next checkpoint.
    is_behind: bool,
    /// Whether the last checkpoint failed, or whether a reader of an old state kept it from copying all but a few pages.
    is_held: bool,
    /// How many passes began in this attempt to copy the log. 0 if no attempt is under way.
    passes: u32,
    /// Whether a pass is under way.
    is_passing: bool,
    /// How often the writer waited after its last batch.
    waits: u32,
    /// The most pages for whose copy a batch waited.
    longest_stop: u64,
}

impl Plan {
    /// The plan for a log whose file has room for `room` pages.
    pub(super) fn new(limits: Limits, room: u64) -> Self {
        Self {
            limits,
            log: 0,
            copied: 0,
            new: room,
            room,
            is_behind: false,
            is_held: false,
            passes: 0,
            is_passing: false,
            waits: 0,
            longest_stop: 0,
        }
    }

    /// The most pages for whose copy a batch waited.
    pub(super) fn longest_stop(&self) -> u64 {
        self.longest_stop
    }

    /// The writer wrote a batch of about `pages` pages.
    pub(super) fn wrote(&mut self, pages: u64, log: &mut impl Log) {
        let was_passing = self.is_passing;
        self.receive(log);
        self.new += pages;
        // The pass may have copied the batch.
        self.is_behind |= !was_passing;
        self.go_on(log);
    }

    /// Other connections may have written.
    pub(super) fn look(&mut self, log: &mut impl Log) {
        self.receive(log);
        self.saw(log.room());
        if self.is_in_doubt() && log.write() {
            self.new += 1;
            self.is_behind = true;
        }
        self.go_on(log);
    }

    fn receive(&mut self, log: &mut impl Log) {
        if self.is_passing
            && let Some(reached) = log.passed()
        {
            self.ended(reached);
        }
    }

    fn go_on(&mut self, log: &mut impl Log) {
        self.waits = 0;
        loop {
            self.saw(log.room());
            match self.next() {
                Step::Nothing => return,
                // A pass that did not begin has no end. So this counts as a checkpoint that failed.
                Step::Pass if !log.pass() => return self.ended(None),
                Step::Pass => {}
                Step::Wait => match log.wait() {
                    Some(reached) => self.ended(reached),
                    None => return,
                },
                Step::Finish => {
                    let reached = log.finish(self.length() > self.limits.most);
                    let before = self.copied;
                    self.new = 0;
                    self.ended(reached);
                    self.longest_stop = self.longest_stop.max(self.copied.saturating_sub(before));
                    return;
                }
            }
        }
    }

    /// The file of the log has room for `room` pages. When SQLite begins the log again, it shrinks a file that is longer than
    /// `kept`. So a longer file is full, whichever connection wrote the pages. (A transaction that was rolled back may leave
    /// the file longer than the log. Then the next checkpoint comes too early.)
    fn saw(&mut self, room: u64) {
        self.room = room;
        if self.is_passing {
            return;
        }
        if room < self.log {
            // The log has begun again.
            (self.log, self.copied, self.passes) = (0, 0, 0);
        }
        if room > self.limits.kept {
            self.new = room - self.log;
        }
    }

    /// Whether the next step depends on whether some page is certainly not copied.
    fn is_in_doubt(&self) -> bool {
        let is_due = self.new > 0 && (self.passes > 0 || self.new >= self.limits.every);
        is_due && !self.is_passing && !self.is_behind
    }

    /// A checkpoint ended. Without a result, it failed.
    fn ended(&mut self, reached: Option<Reached>) {
        self.is_passing = false;
        let Reached { log, copied } = reached.unwrap_or(Reached {
            log: self.log.max(self.room),
            copied: 0,
        });
        (self.log, self.copied) = (log, copied);
        self.is_behind = reached.is_some() && copied < log;
        self.is_held = log > copied + self.limits.few;
        if self.is_held {
            self.passes = 0;
        }
    }

    /// Whether the log is too long, although no reader holds it.
    fn is_too_long(&self) -> bool {
        !self.is_held && self.length() > self.limits.most
    }

    /// About how many pages the log has.
    fn length(&self) -> u64 {
        self.room.min(self.log + self.new)
    }

    /// About how many pages no checkpoint has copied.
    fn rest(&self) -> u64 {
        self.log - self.copied + self.new
    }

    fn next(&mut self) -> Step {
        /// How often the writer waits after a batch.
        const WAITS: u32 = 2;
        let Limits {
            every,
            few,
            passes,
            most_at_once,
            ..
        } = self.limits;
        let step = match self.passes {
            _ if self.is_passing && self.waits < WAITS && self.is_too_long() => Step::Wait,
            _ if self.is_passing || !self.is_behind => Step::Nothing,
            0 if self.new < every => Step::Nothing,
            0 => Step::Pass,
            so_far if self.rest() <= if so_far < passes { few } else { most_at_once } => Step::Finish,
            _ => Step::Pass,
        };
        match step {
            Step::Nothing => {}
            Step::Wait => self.waits += 1,
            Step::Pass => {
                self.log = self.length();
                self.new = 0;
                self.passes = self.passes.saturating_add(1);
                self.is_passing = true;
            }
            Step::Finish => self.passes = 0,
        }
        step
    }
}

#[cfg(test)]
mod tests;
