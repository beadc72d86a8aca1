//! What waits in the appender's queue.

use tokio::sync::{mpsc, oneshot};

use super::{AppendError, Unit, appender::Answer, landing::Load};

/// How many units a batch has at most.
pub(super) const BATCH: usize = 512;

/// A message to the appender.
pub(super) enum Waiting {
    /// A unit to append.
    Unit(Box<Unit>, Answer),
    /// Erase the key of this subject, and everything derived from the data that the key sealed.
    Erase(String, oneshot::Sender<Result<bool, AppendError>>),
    /// Answer when all earlier messages are done. No message may follow.
    Close(oneshot::Sender<()>),
}

/// What waits to be written.
#[derive(Default)]
pub(super) struct Pending {
    pub(super) load: Load,
    pub(super) erasures: Vec<(String, oneshot::Sender<Result<bool, AppendError>>)>,
    pub(super) closing: Option<oneshot::Sender<()>>,
    received: Vec<Waiting>,
}

impl Pending {
    pub(super) fn len(&self) -> usize {
        self.load.units.len() + self.erasures.len() + usize::from(self.closing.is_some())
    }

    /// Whether only units wait. While an erasure or a close waits, the appender takes nothing more from the queue, so that
    /// its turn comes.
    pub(super) fn is_plain(&self) -> bool {
        self.erasures.is_empty() && self.closing.is_none()
    }

    /// Waits for more messages and takes them, until there are `enough`. Returns `false` if the queue is closed and empty.
    pub(super) async fn receive(&mut self, queue: &mut mpsc::Receiver<Waiting>, enough: usize) -> bool {
        let room = enough.saturating_sub(self.len());
        if queue.recv_many(&mut self.received, room).await == 0 {
            return false;
        }
        self.sort();
        true
    }

    /// The callers of the last batch have their answers and may send their next units at once. This function gives them the
    /// time to do so, so that these units are in this batch, too, until there are `enough`.
    pub(super) async fn receive_the_rest(&mut self, queue: &mut mpsc::Receiver<Waiting>, enough: usize) {
        let mut before = 0;
        while self.is_plain() && self.len() < enough && self.len() > before {
            before = self.len();
            tokio::task::yield_now().await;
            while self.len() + self.received.len() < enough
                && let Ok(next) = queue.try_recv()
            {
                self.received.push(next);
            }
            self.sort();
        }
    }

    fn sort(&mut self) {
        for waiting in self.received.drain(..) {
            match waiting {
                Waiting::Unit(unit, answer) => {
                    self.load.units.push(*unit);
                    self.load.answers.push(answer);
                }
                Waiting::Erase(subject, answer) => self.erasures.push((subject, answer)),
                Waiting::Close(done) => self.closing = Some(done),
            }
        }
    }
}
