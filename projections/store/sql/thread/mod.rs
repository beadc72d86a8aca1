//! A thread that writes whole batches to SQLite.
//!
//! A batch is one message to this thread and one answer. With sqlx, each statement would be a message and an answer, and for
//! each of them one thread must wake the other. The thread owns its connection, keeps its statements prepared, and writes a
//! batch row by row, which costs SQLite less than statements over many rows.
//!
//! The connection comes from rusqlite, which shares the SQLite library of sqlx. The process must not have two copies of
//! this library: the locks of a file belong to the process, so one copy would release the locks of the other.

mod checkpoints;
mod landing;
mod plan;
#[cfg(test)]
mod tests;

use std::{
    sync::mpsc::{Receiver, Sender, channel},
    thread,
    time::Duration,
};

use tokio::sync::oneshot;

use super::{
    Db, Statement,
    file::{File, REPLACED},
};
use crate::store::Writes;
use checkpoints::Checkpoints;
use landing::Landing;
pub(super) use plan::Limits;

/// A batch for the thread.
#[derive(Debug)]
pub(super) struct Job {
    /// An `UPDATE` that changes one row if the database is as the batch expects it, and no row otherwise.
    pub(super) compare: Statement<'static>,
    /// What the batch writes then.
    pub(super) writes: Writes<'static>,
}

/// Why a batch was not written. The texts contain no value of a row.
#[derive(Debug, thiserror::Error)]
pub(super) enum LandError {
    /// Another connection kept the write lock for longer than [`super::Options::patience`]. The batch was not written.
    #[error("another connection kept SQLite's write lock for too long")]
    Busy,
    /// SQLite refused the batch. The batch was not written.
    #[error("{0}")]
    Failed(String),
    /// The thread is not running. The batch was not written.
    #[error("the thread that writes to SQLite is not running")]
    NotRunning,
    /// The thread ended before it answered. The batch may have been written, so the caller must read the database.
    #[error("the thread that writes to SQLite ended before it answered")]
    Unconfirmed,
}

/// Sends batches to the thread. If this is closed or dropped, the thread first writes all batches that were sent, and then
/// ends.
#[derive(Debug)]
pub(super) struct SqliteThread {
    orders: Sender<Order>,
    ended: oneshot::Receiver<()>,
}

/// What the thread must do, and where its answer goes.
enum Order {
    /// It writes a batch.
    Land(Job, oneshot::Sender<Result<bool, LandError>>),
    /// It looks whether the write-ahead log must be copied, because another connection may have written.
    Look(oneshot::Sender<()>),
}

/// The file that the thread writes to, and how.
#[derive(Clone, Debug)]
struct Place {
    file: File,
    patience: Duration,
    limits: Limits,
}

impl SqliteThread {
    /// Starts a thread that writes to the file of this database; `None` if the database is not SQLite. The thread opens
    /// its connection at once. If that fails, it tries again with each batch.
    pub(super) fn start(db: &Db) -> Option<Self> {
        let Db::Sqlite { writer, .. } = db else {
            return None;
        };
        Some(Self::at(Place {
            file: File::of(db)?,
            patience: writer.options().get_acquire_timeout(),
            limits: Limits::SERVER,
        }))
    }

    fn at(place: Place) -> Self {
        let (orders, waiting) = channel();
        let (ending, ended) = oneshot::channel();
        let work = move || {
            serve(&place, &waiting);
            drop(ending);
        };
        // If the thread cannot start, each batch gets an error that says so.
        if let Err(error) = thread::Builder::new()
            .name("sqlite-writer".to_owned())
            .spawn(work)
        {
            tracing::error!(%error, "cannot start the thread that writes to SQLite");
        }
        Self { orders, ended }
    }

    /// Writes a batch in one transaction: first the comparison, then the rows. Returns `false` if the comparison changed
    /// no row. In this case, and after every error except [`LandError::Unconfirmed`], the database is unchanged.
    ///
    /// Batches are written in the order of the calls. If the caller drops the future, the thread still writes the batch.
    pub(super) async fn land(&self, job: Job) -> Result<bool, LandError> {
        let (answer, answered) = oneshot::channel();
        self.orders
            .send(Order::Land(job, answer))
            .map_err(|_| LandError::NotRunning)?;
        answered.await.unwrap_or(Err(LandError::Unconfirmed))
    }

    /// Call this before another connection writes: it copies the write-ahead log if such connections made it long. The caller
    /// waits at most for what [`Limits`] allows for a batch. The thread must do this, because only it makes checkpoints.
    pub(super) async fn look(&self) {
        let (answer, answered) = oneshot::channel();
        if self.orders.send(Order::Look(answer)).is_ok() {
            let _ = answered.await;
        }
    }

    /// Ends the thread after it has written all batches that were sent, and waits until its connections are closed.
    /// Close it before the pools: the last connection that closes copies the write-ahead log into the main file.
    pub(super) async fn close(self) {
        drop(self.orders);
        // The thread sends no message. At its end it drops the sender, and this future ends.
        let _ = self.ended.await;
    }
}

/// The code of the thread. It answers a batch before it does anything about the write-ahead log.
fn serve(place: &Place, waiting: &Receiver<Order>) {
    let mut checkpoints = Checkpoints::start(place);
    let mut kept = Landing::open(place).ok();
    for order in waiting {
        match order {
            Order::Land(job, answer) => {
                let landed = land(place, &mut kept, &job);
                let pages = landed.as_ref().ok().copied().flatten();
                let _ = answer.send(landed.map(|pages| pages.is_some()));
                drop(job);
                if let (Some(pages), Some(landing)) = (pages, &kept) {
                    checkpoints.wrote(pages, landing);
                }
            }
            Order::Look(answer) => {
                checkpoints.look(kept.as_ref());
                let _ = answer.send(());
            }
        }
    }
    drop(kept);
    let pages = checkpoints.end();
    tracing::debug!(
        pages,
        "the most pages of SQLite's write-ahead log for whose copy a batch waited"
    );
}

/// Writes a batch. Returns roughly how many pages it changed, or `None` if its comparison changed no row. Drops the
/// connection if it may be broken. The next batch then opens a new one. Writes nothing if the file is no longer in its place:
/// the other connections of the server still have the old one.
fn land(place: &Place, kept: &mut Option<Landing>, job: &Job) -> Result<Option<u64>, LandError> {
    if !place.file.is_in_place() {
        return Err(LandError::Failed(REPLACED.to_owned()));
    }
    let landing = match kept.take() {
        Some(landing) => landing,
        None => Landing::open(place)?,
    };
    let landed = landing.land(job);
    let is_reset = landing.roll_back();
    let is_sound = landed.as_ref().err().is_none_or(landing::spares_the_connection);
    if is_reset && is_sound {
        *kept = Some(landing);
    }
    Ok(landed?)
}
