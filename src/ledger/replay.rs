//! The whole engine at a past position, for questions about everybody, such as: who could do something then?
//!
//! Replaying the ledger takes long and as much memory as the engine itself, so there is only one such engine at a time. It makes progress
//! only while a question about its moment is answered. So the work belongs to the turn of that question, and ends with it. A question
//! that finds the engine unfinished after a while is refused, and its client asks again.
//!
//! Callers who want other moments wait in a queue. When the engine is finished, or when nobody asks for it any more, the next engine is for
//! the caller who has waited longest, but not for the same caller twice while others wait.

use std::{
    collections::VecDeque,
    pin::pin,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    time::Duration,
};

use aggregates::values::UserId;
use authorization::{Authorization, Interest};
use projections::sql::Boxed;
use tokio::time::sleep;

use super::{Ledger, LedgerError, OpenedPages, PastError};

/// How many events are read at once.
const PAGE: i64 = 8_000;
/// How long a finished engine is kept after a question, since a client reads page after page.
const KEPT: Duration = Duration::from_secs(300);
/// How long an unfinished engine and a place in the queue are kept. Clients ask again sooner.
const RETURN: Duration = Duration::from_secs(5);
/// How long a question works on the engine.
const PATIENCE: Duration = Duration::from_secs(2);

/// The one engine of the past, and the callers who wait for another one.
#[derive(Debug, Default)]
pub(super) struct Replay(Mutex<Queue>);

#[derive(Debug, Default)]
struct Queue {
    current: Option<Current>,
    waiting: VecDeque<Waiting>,
    /// The caller for whom the last engine was begun.
    last: Option<UserId>,
    /// How many questions there were.
    questions: u64,
}

/// The engine, finished or in progress.
#[derive(Debug)]
struct Current {
    position: i64,
    /// The question for which it was begun.
    begun: u64,
    /// The last question about it.
    asked: u64,
    /// How many questions wait for it at the moment.
    asking: usize,
    making: Arc<Making>,
}

/// A caller who wants an engine of another position.
#[derive(Debug)]
struct Waiting {
    caller: UserId,
    /// The first question of the caller since the last engine of theirs.
    since: u64,
    /// The last one.
    asked: u64,
}

#[derive(Debug)]
struct Making {
    position: i64,
    engine: Arc<Authorization>,
    /// The events that are not applied yet. One question at a time applies them.
    rest: tokio::sync::Mutex<OpenedPages>,
    done: OnceLock<()>,
}

/// A question about the engine. Dropping it ends the question.
struct Asking {
    replay: Arc<Replay>,
    begun: u64,
    making: Arc<Making>,
}

impl Ledger {
    /// The engine at a position that the ledger has reached. If the replay takes long, or if it is somebody else's turn,
    /// [`PastError::Replaying`] tells the caller to ask again.
    pub fn engine_at<'a>(
        &'a self,
        caller: UserId,
        position: i64,
        interest: &'a Interest,
    ) -> Boxed<'a, Result<Arc<Authorization>, PastError>> {
        Box::pin(async move {
            let asking = self.ask_for(caller, position).ok_or(PastError::Replaying)?;
            let made = asking.making.advance(interest).await;
            if let Err(PastError::Ledger(_)) = made {
                // The next question begins anew.
                self.replay.end(asking.begun);
            }
            made
        })
    }

    /// Joins the questions about an engine, or begins it. If another engine is in progress, or if it is the turn of another caller, this caller
    /// gets a place in the queue.
    fn ask_for(&self, caller: UserId, position: i64) -> Option<Asking> {
        let mut queue = self.replay.queue();
        queue.questions += 1;
        let question = queue.questions;
        if let Some(current) = queue
            .current
            .as_mut()
            .filter(|current| current.position == position)
        {
            current.asked = question;
            current.asking += 1;
            return Some(self.asking(current.begun, &current.making));
        }
        let is_busy = queue
            .current
            .as_ref()
            .is_some_and(|current| !current.making.is_done());
        if is_busy || !queue.is_turn_of(caller) {
            let known = queue.waiting.iter_mut().find(|waiting| waiting.caller == caller);
            match known {
                Some(waiting) => waiting.asked = question,
                None => {
                    queue.waiting.push_back(Waiting {
                        caller,
                        since: question,
                        asked: question,
                    });
                    tokio::spawn(Arc::clone(&self.replay).forget(question));
                }
            }
            return None;
        }
        queue.waiting.retain(|waiting| waiting.caller != caller);
        queue.last = Some(caller);
        // Drop the earlier engine first, unless a question still reads it: there must be memory for only one.
        queue.current = None;
        let making = Arc::new(Making {
            position,
            engine: Arc::default(),
            rest: tokio::sync::Mutex::new(self.opened_pages(0, position, PAGE)),
            done: OnceLock::new(),
        });
        queue.current = Some(Current {
            position,
            begun: question,
            asked: question,
            asking: 1,
            making: Arc::clone(&making),
        });
        tokio::spawn(Arc::clone(&self.replay).abandon(question));
        Some(self.asking(question, &making))
    }

    fn asking(&self, begun: u64, making: &Arc<Making>) -> Asking {
        Asking {
            replay: Arc::clone(&self.replay),
            begun,
            making: Arc::clone(making),
        }
    }
}

impl Queue {
    /// Whether the next engine may be for this caller.
    fn is_turn_of(&self, caller: UserId) -> bool {
        let waiting = self.waiting.iter().map(|waiting| waiting.caller);
        let mut others = waiting.filter(|waiting| Some(*waiting) != self.last);
        others.next().is_none_or(|first| first == caller)
    }

    /// The engine that was begun for a question, if it is still there.
    fn begun(&mut self, begun: u64) -> Option<&mut Current> {
        self.current.as_mut().filter(|current| current.begun == begun)
    }
}

impl Replay {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Drops the engine that was begun for a question.
    fn end(&self, begun: u64) {
        let mut queue = self.queue();
        if queue.begun(begun).is_some() {
            queue.current = None;
        }
    }

    /// Drops the engine once nobody has asked for it for a while.
    async fn abandon(self: Arc<Self>, begun: u64) {
        loop {
            let (asked, kept) = match self.queue().begun(begun) {
                Some(current) if current.making.is_done() => (current.asked, KEPT),
                Some(current) => (current.asked, RETURN),
                None => return,
            };
            sleep(kept).await;
            let mut queue = self.queue();
            let is_kept = |current: &Current| {
                let is_wanted = current.asked != asked || current.asking > 0;
                // An engine that was finished meanwhile is kept for longer.
                is_wanted || (current.making.is_done() && kept < KEPT)
            };
            match queue.begun(begun) {
                Some(current) if is_kept(current) => {}
                Some(_) => {
                    queue.current = None;
                    return;
                }
                None => return,
            }
        }
    }

    /// Takes a caller out of the queue once they have not asked for a while.
    async fn forget(self: Arc<Self>, since: u64) {
        loop {
            let asked = {
                let queue = self.queue();
                let waiting = queue.waiting.iter().find(|waiting| waiting.since == since);
                match waiting {
                    Some(waiting) => waiting.asked,
                    None => return,
                }
            };
            sleep(RETURN).await;
            let is_gone = |waiting: &Waiting| waiting.since == since && waiting.asked == asked;
            self.queue().waiting.retain(|waiting| !is_gone(waiting));
        }
    }
}

impl Making {
    fn is_done(&self) -> bool {
        self.done.get().is_some()
    }

    /// Applies events until the engine is finished, for a while at most. It ends early when the interest is lost.
    async fn advance(&self, interest: &Interest) -> Result<Arc<Authorization>, PastError> {
        if self.is_done() {
            return Ok(Arc::clone(&self.engine));
        }
        let mut end = pin!(sleep(PATIENCE));
        let mut rest = tokio::select! {
            biased;
            () = &mut end => return Err(PastError::Replaying),
            rest = self.rest.lock() => rest,
        };
        while !self.is_done() {
            if interest.is_lost() {
                return Err(PastError::Replaying);
            }
            let page = tokio::select! {
                biased;
                () = &mut end => return Err(PastError::Replaying),
                page = rest.next() => page?,
            };
            match page {
                Some(page) => {
                    self.engine.apply(&page);
                }
                None if self.engine.position() < self.position => {
                    return Err(LedgerError::Behind(None).into());
                }
                None => {
                    self.done.get_or_init(|| ());
                }
            }
        }
        Ok(Arc::clone(&self.engine))
    }
}

impl Drop for Asking {
    fn drop(&mut self) {
        if let Some(current) = self.replay.queue().begun(self.begun) {
            current.asking = current.asking.saturating_sub(1);
        }
    }
}
