//! Copies the write-ahead log into the main file. The writer stops only for a short time.
//!
//! SQLite reuses the log from its start only after a checkpoint has copied all of it. A checkpoint cannot copy all of it while
//! the writer adds pages. So there are two steps. First a second thread copies the log while the writer goes on, waits until
//! the main file is on the disk, and repeats this until few pages are left. Then the writer waits while the second thread
//! copies these pages. [`super::Limits`] says how much a batch waits for.
//!
//! While a reader reads an old state, a checkpoint can copy only what that reader sees. The writer does not wait for it; the
//! log grows until the reader ends.
//!
//! # Only one connection makes checkpoints
//!
//! All versions of SQLite before 3.51.3 have a fault: if a checkpoint begins while all of the log is copied, and another
//! connection begins the log again at the same moment, a later checkpoint leaves out pages, and the file is damaged. So all
//! other connections have the setting `wal_autocheckpoint = 0`, and the second thread begins a checkpoint only if some page of
//! the log is certainly not copied (`Plan::is_behind`). Then no connection can begin the log again before the checkpoint has
//! copied the page.

use std::{
    fs::{self, File},
    mem::ManuallyDrop,
    path::PathBuf,
    sync::mpsc::{Receiver, Sender, TryRecvError, channel},
    thread::{self, JoinHandle},
};

use rusqlite::{Connection, Result};

use super::{
    Place,
    landing::{Landing, text_of},
    plan::{FRAME, Log, Plan, Reached},
};

/// What the second thread must do.
#[derive(Clone, Copy, Debug)]
enum Task {
    /// It copies the log and waits until the main file is on the disk.
    Pass,
    /// It copies the rest, which lets SQLite reuse the log.
    Finish {
        /// Whether it also waits for the readers that keep SQLite from reusing the log.
        waits_for_readers: bool,
    },
}

/// The checkpoints of one writer.
#[derive(Debug)]
pub(super) struct Checkpoints {
    plan: Plan,
    second: Option<JoinHandle<()>>,
    log: FileAndThread,
}

/// The log in its file, and the second thread, which copies it.
#[derive(Debug)]
struct FileAndThread {
    place: Place,
    path: PathBuf,
    tasks: Sender<Task>,
    results: Receiver<Option<Reached>>,
}

impl Checkpoints {
    /// Starts the second thread. If it cannot start, the log grows until the last connection of the process is closed.
    pub(super) fn start(place: &Place) -> Self {
        let (tasks, asked) = channel();
        let (tell, results) = channel();
        let work = {
            let place = place.clone();
            move || Second::new(place).serve(&asked, &tell)
        };
        let second = thread::Builder::new()
            .name("sqlite-checkpoint".to_owned())
            .spawn(work)
            .inspect_err(|error| tracing::error!(%error, "cannot start the thread of SQLite's checkpoints"));
        let mut path = place.file.path.clone().into_os_string();
        path.push("-wal");
        let log = FileAndThread {
            place: place.clone(),
            path: path.into(),
            tasks,
            results,
        };
        Self {
            plan: Plan::new(place.limits, log.room()),
            second: second.ok(),
            log,
        }
    }

    /// Notes that the writer wrote a batch of about `pages` pages, and does what the plan says.
    pub(super) fn wrote(&mut self, pages: u64, writer: &Landing) {
        let (log, writer) = (&mut self.log, Some(writer));
        self.plan.wrote(pages, &mut View { log, writer });
    }

    /// Notes that other connections may have written, and does what the plan says.
    pub(super) fn look(&mut self, writer: Option<&Landing>) {
        let log = &mut self.log;
        self.plan.look(&mut View { log, writer });
    }

    /// Ends the second thread and waits until its connection is closed. Returns the most pages for whose copy a batch waited.
    pub(super) fn end(self) -> u64 {
        drop(self.log);
        if let Some(second) = self.second {
            let _ = second.join();
        }
        self.plan.longest_stop()
    }
}

impl FileAndThread {
    /// How many pages fit into the file as it is.
    fn room(&self) -> u64 {
        fs::metadata(&self.path).map_or(0, |metadata| metadata.len() / FRAME)
    }
}

/// The log, and the connection that writes.
struct View<'a> {
    log: &'a mut FileAndThread,
    writer: Option<&'a Landing>,
}

impl Log for View<'_> {
    fn room(&self) -> u64 {
        self.log.room()
    }

    fn pass(&mut self) -> bool {
        self.log.tasks.send(Task::Pass).is_ok()
    }

    fn passed(&mut self) -> Option<Option<Reached>> {
        match self.log.results.try_recv() {
            Ok(reached) => Some(reached),
            Err(TryRecvError::Empty) => None,
            // The second thread has ended.
            Err(TryRecvError::Disconnected) => Some(None),
        }
    }

    fn wait(&mut self) -> Option<Option<Reached>> {
        self.log.results.recv_timeout(self.log.place.limits.wait).ok()
    }

    fn finish(&mut self, waits_for_readers: bool) -> Option<Reached> {
        self.log.tasks.send(Task::Finish { waits_for_readers }).ok()?;
        self.log.results.recv().ok()?
    }

    fn write(&mut self) -> bool {
        self.writer
            .is_some_and(|writer| writer.write_a_page(&self.log.place))
    }
}

/// The second thread. It opens its connection for the first checkpoint.
struct Second {
    place: Place,
    connection: Option<Connection>,
    /// The main file. It is never closed: when a process closes a file, the system also releases the locks that SQLite has
    /// on it.
    main: Option<ManuallyDrop<File>>,
}

impl Second {
    fn new(place: Place) -> Self {
        Self {
            place,
            connection: None,
            main: None,
        }
    }

    fn serve(mut self, tasks: &Receiver<Task>, results: &Sender<Option<Reached>>) {
        for task in tasks {
            let reached = self.run(task);
            if let Err(error) = &reached {
                tracing::warn!(
                    error = text_of(error),
                    "a checkpoint of SQLite's write-ahead log failed"
                );
            }
            if results.send(reached.ok().flatten()).is_err() {
                return;
            }
        }
    }

    /// Makes a checkpoint. After an error, the next one gets a new connection.
    fn run(&mut self, task: Task) -> Result<Option<Reached>> {
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.place.open()?,
        };
        let mode = match task {
            Task::Finish {
                waits_for_readers: true,
            } => {
                connection.busy_timeout(self.place.limits.wait)?;
                "RESTART"
            }
            Task::Pass | Task::Finish { .. } => "PASSIVE",
        };
        let reached = checkpoint(&connection, mode)?;
        self.connection = Some(connection);
        if matches!(task, Task::Pass) {
            self.sync();
        }
        Ok(reached)
    }

    /// Waits until what was copied is on the disk. Otherwise, the writer would have to wait for that: SQLite does it only
    /// when all of the log is copied.
    fn sync(&mut self) {
        if self.main.is_none() {
            self.main = File::open(&self.place.file.path).ok().map(ManuallyDrop::new);
        }
        if let Some(Err(error)) = self.main.as_ref().map(|main| main.sync_data()) {
            tracing::warn!(%error, "cannot write the file of the database to the disk");
        }
    }
}

/// Copies the log. Returns `None` if another checkpoint is under way.
fn checkpoint(connection: &Connection, mode: &str) -> Result<Option<Reached>> {
    let text = format!("PRAGMA wal_checkpoint({mode})");
    let (log, copied): (i64, i64) = connection
        .prepare_cached(&text)?
        .query_row([], |row| Ok((row.get(1)?, row.get(2)?)))?;
    let pages = |number: i64| u64::try_from(number).ok();
    Ok(pages(log)
        .zip(pages(copied))
        .map(|(log, copied)| Reached { log, copied }))
}
