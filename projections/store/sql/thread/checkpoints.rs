//! Copies the write-ahead log into the main file. The writer stops only for a short time.
//!
//! SQLite reuses the log from its start only after a checkpoint has copied all of it. A checkpoint cannot copy all of it while
//! the writer adds pages. So there are two steps. First a second thread copies the log while the writer goes on, and repeats
//! this until few pages are left. Then the writer copies these pages itself, between two batches, and waits until the main
//! file is on the disk.
//!
//! While a reader reads an old state, SQLite cannot reuse the log. If the log is longer than a limit, the writer waits a short
//! time for such readers.
//!
//! The connections of sqlx make checkpoints, too: SQLite begins one if such a connection commits while the log is long.

use std::{
    sync::mpsc::{Receiver, Sender, channel},
    thread::{self, JoinHandle},
    time::Duration,
};

use rusqlite::{Connection, Result};

use super::{
    Place,
    landing::{Landing, text_of},
};

/// How long the log may become, and how long the writer may stop for it. Lengths are in pages of 4 KiB.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// A checkpoint begins after this number of new pages.
    pub(super) every: u64,
    /// If no more than these pages are left, the writer copies them itself.
    pub(super) few: u64,
    /// How often the second thread copies at most. Then the writer copies the rest, however long it is.
    pub(super) passes: u32,
    /// If the log has more pages, the writer waits for the readers that keep SQLite from reusing it.
    pub(super) most: u64,
    /// How long the writer waits for these readers at most.
    pub(super) wait: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            every: 16_000,
            few: 1_000,
            passes: 4,
            most: 64_000,
            wait: Duration::from_millis(200),
        }
    }
}

impl Limits {
    /// The length to which the file of the log shrinks when SQLite reuses it.
    pub(super) fn kept_bytes(&self) -> u64 {
        /// A page and its header in the log.
        const FRAME: u64 = 4_120;
        self.most * FRAME
    }
}

/// What the writer does with the log next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// It does nothing.
    Nothing,
    /// It asks the second thread to copy.
    Pass,
    /// It copies the rest itself.
    Finish,
}

/// The progress of a checkpoint.
#[derive(Debug)]
struct Plan {
    limits: Limits,
    /// Roughly how many pages the log got since the last pass began, or since the last checkpoint ended.
    uncopied: u64,
    /// How many passes this checkpoint has had.
    passes: u32,
    /// Whether a pass is under way.
    is_passing: bool,
}

impl Plan {
    fn next(&mut self) -> Step {
        let Limits {
            every, few, passes, ..
        } = self.limits;
        let step = match self.passes {
            _ if self.is_passing => Step::Nothing,
            0 if self.uncopied < every => Step::Nothing,
            0 => Step::Pass,
            so_far if self.uncopied <= few || so_far >= passes => Step::Finish,
            _ => Step::Pass,
        };
        match step {
            Step::Nothing => {}
            Step::Pass => {
                self.uncopied = 0;
                self.passes += 1;
                self.is_passing = true;
            }
            Step::Finish => {
                self.uncopied = 0;
                self.passes = 0;
            }
        }
        step
    }
}

/// The checkpoints of one writer.
#[derive(Debug)]
pub(super) struct Checkpoints {
    plan: Plan,
    /// How long the writer waits for a lock at other times.
    patience: Duration,
    begin: Sender<()>,
    passed: Receiver<()>,
    second: Option<JoinHandle<()>>,
}

impl Checkpoints {
    /// Starts the second thread. If it cannot start, the writer copies everything itself.
    pub(super) fn start(place: &Place) -> Self {
        let (begin, begun) = channel();
        let (passing, passed) = channel();
        let work = {
            let place = place.clone();
            move || pass_when_asked(&place, &begun, &passing)
        };
        let second = thread::Builder::new()
            .name("sqlite-checkpoint".to_owned())
            .spawn(work)
            .inspect_err(|error| tracing::error!(%error, "cannot start the thread of SQLite's checkpoints"));
        let plan = Plan {
            limits: place.limits,
            uncopied: 0,
            passes: 0,
            is_passing: false,
        };
        Self {
            plan,
            patience: place.patience,
            begin,
            passed,
            second: second.ok(),
        }
    }

    /// Notes that the log got `pages` more pages, and takes the next step.
    pub(super) fn grown(&mut self, pages: u64, writer: &Landing) {
        self.plan.uncopied += pages;
        if self.passed.try_recv().is_ok() {
            self.plan.is_passing = false;
        }
        match self.plan.next() {
            Step::Nothing => {}
            // If the second thread does not run, it cannot say that the pass has ended.
            Step::Pass => self.plan.is_passing = self.begin.send(()).is_ok(),
            Step::Finish => {
                if let Err(error) = self.finish(writer.connection()) {
                    report(&error);
                }
            }
        }
    }

    fn finish(&self, writer: &Connection) -> Result<()> {
        let log = checkpoint(writer, "PASSIVE")?;
        if log.is_some_and(|pages| pages > self.plan.limits.most) {
            writer.busy_timeout(self.plan.limits.wait)?;
            let waited = checkpoint(writer, "RESTART");
            writer.busy_timeout(self.patience)?;
            waited?;
        }
        Ok(())
    }

    /// Ends the second thread and waits until its connection is closed.
    pub(super) fn end(self) {
        drop(self.begin);
        if let Some(second) = self.second {
            let _ = second.join();
        }
    }
}

/// The code of the second thread. It opens its connection for the first pass.
fn pass_when_asked(place: &Place, begun: &Receiver<()>, passing: &Sender<()>) {
    let mut kept: Option<Connection> = None;
    for () in begun {
        let connection = match kept.take() {
            Some(connection) => Ok(connection),
            None => place.open(),
        };
        let passed = connection.and_then(|connection| {
            checkpoint(&connection, "PASSIVE")?;
            Ok(connection)
        });
        kept = passed.inspect_err(report).ok();
        if passing.send(()).is_err() {
            return;
        }
    }
}

/// Copies the log. Returns how many pages the log has, copied or not; `None` if another checkpoint is under way.
fn checkpoint(connection: &Connection, mode: &str) -> Result<Option<u64>> {
    let text = format!("PRAGMA wal_checkpoint({mode})");
    let pages: i64 = connection
        .prepare_cached(&text)?
        .query_row([], |row| row.get(1))?;
    Ok(u64::try_from(pages).ok())
}

fn report(error: &rusqlite::Error) {
    tracing::warn!(
        error = text_of(error),
        "a checkpoint of SQLite's write-ahead log failed"
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan() -> Plan {
        Plan {
            limits: Limits {
                every: 100,
                few: 10,
                passes: 3,
                ..Limits::default()
            },
            uncopied: 0,
            passes: 0,
            is_passing: false,
        }
    }

    /// What the plan does after the log got these pages and the pass, if any, ended.
    fn after(plan: &mut Plan, pages: u64) -> Step {
        plan.uncopied += pages;
        plan.is_passing = false;
        plan.next()
    }

    #[test]
    fn the_writer_finishes_when_little_is_left() {
        let mut plan = plan();
        let steps = [99, 1, 50, 10, 99, 1].map(|pages| after(&mut plan, pages));
        use Step::{Finish, Nothing, Pass};
        assert_eq!(steps, [Nothing, Pass, Pass, Finish, Nothing, Pass]);
    }

    #[test]
    fn the_writer_does_not_wait_for_ever_for_little_to_be_left() {
        let mut plan = plan();
        let steps = [100, 90, 90, 90, 0].map(|pages| after(&mut plan, pages));
        use Step::{Finish, Nothing, Pass};
        assert_eq!(steps, [Pass, Pass, Pass, Finish, Nothing]);
    }

    #[test]
    fn the_writer_goes_on_during_a_pass() {
        let mut plan = plan();
        assert_eq!(after(&mut plan, 100), Step::Pass);
        plan.uncopied += 1_000;
        assert_eq!(plan.next(), Step::Nothing);
    }
}
