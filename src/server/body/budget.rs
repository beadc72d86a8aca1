//! The memory for bodies that have not arrived completely, of all requests together.
//!
//! Requests without a credential and callers do not share it. A body without a credential is small, and their number is bounded. If
//! there is one too many, the server gives up the oldest of them: a client that sends its body is faster than a client
//! that stalls. So neither can keep the other out.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use tokio::sync::oneshot;

use crate::refusal::{BUSY, Refusal, RefusalKind};

/// The memory of all unfinished bodies, in bytes.
const MOST: usize = 32 << 20;
/// The largest body of a request without a credential, in bytes. A login is smaller. The endpoints that need no right have this
/// limit for callers, too.
pub const SMALL_BODY: usize = 8 << 10;
/// How many requests without a credential may have an unfinished body at the same time.
const STRANGERS: usize = 1_024;
/// The memory of the unfinished bodies of callers, in bytes.
const MOST_OF_CALLERS: usize = MOST - STRANGERS * SMALL_BODY;

/// The memory for unfinished bodies.
#[derive(Default)]
pub(crate) struct Budget {
    /// How many bytes the unfinished bodies of callers have.
    callers: AtomicUsize,
    strangers: Mutex<Strangers>,
}

/// The unfinished bodies of requests without a credential, the oldest first.
#[derive(Default)]
struct Strangers {
    next: u64,
    waiting: BTreeMap<u64, oneshot::Sender<()>>,
}

/// The part of the memory that one body has. Dropping it gives the memory back.
pub(super) enum Share<'a> {
    /// The body of a caller has so many bytes.
    Caller(&'a Budget, usize),
    /// The body of a stranger has the place with this number.
    Stranger(&'a Budget, u64),
}

impl Budget {
    /// A share for the body of a caller. It has no memory yet.
    pub(super) fn of_caller(&self) -> Share<'_> {
        Share::Caller(self, 0)
    }

    /// A place for the body of a request without a credential, and what says that the place is lost.
    pub(super) fn of_stranger(&self) -> (Share<'_>, oneshot::Receiver<()>) {
        let (lose, lost) = oneshot::channel();
        let mut strangers = self.strangers();
        let number = strangers.next;
        strangers.next += 1;
        strangers.waiting.insert(number, lose);
        if strangers.waiting.len() > STRANGERS
            && let Some((_, oldest)) = strangers.waiting.pop_first()
        {
            // The request may have just ended.
            let _ = oldest.send(());
        }
        (Share::Stranger(self, number), lost)
    }

    fn strangers(&self) -> MutexGuard<'_, Strangers> {
        self.strangers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Share<'_> {
    /// Raises the share to so many bytes. Fails if there is no memory for them. The place of a stranger has enough
    /// for the largest body that a stranger may send.
    pub(super) fn grow(&mut self, to: usize) -> Result<(), Refusal> {
        let Self::Caller(budget, has) = self else {
            return Ok(());
        };
        let more = to.saturating_sub(*has);
        let add = |used: usize| used.checked_add(more).filter(|used| *used <= MOST_OF_CALLERS);
        match budget
            .callers
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, add)
        {
            Ok(_) => {
                *has += more;
                Ok(())
            }
            Err(_) => Err(full()),
        }
    }
}

impl Drop for Share<'_> {
    fn drop(&mut self) {
        match self {
            Self::Caller(budget, has) => drop(budget.callers.fetch_sub(*has, Ordering::Relaxed)),
            Self::Stranger(budget, number) => drop(budget.strangers().waiting.remove(number)),
        }
    }
}

/// The refusal of a body for which there is no memory.
pub(super) fn full() -> Refusal {
    let message = "the server receives too many bodies at once; try again later";
    Refusal::later(RefusalKind::Unavailable, BUSY, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn callers_have_what_strangers_cannot_take() {
        let budget = Budget::default();
        let strangers: Vec<_> = (0..STRANGERS).map(|_| budget.of_stranger()).collect();
        let mut first = budget.of_caller();
        first.grow(16 << 20).unwrap();
        let mut second = budget.of_caller();
        second.grow(8 << 20).unwrap();
        let refusal = second.grow((8 << 20) + 1).unwrap_err();
        assert_eq!((refusal.code, refusal.retry_after), ("busy", Some(1)));
        // What was granted stays granted, and comes back.
        drop(first);
        second.grow(MOST_OF_CALLERS).unwrap();
        drop((second, strangers));
        assert_eq!(budget.callers.load(Ordering::Relaxed), 0);
        assert!(budget.strangers().waiting.is_empty());
    }

    #[test]
    fn the_oldest_stranger_loses_the_place_and_nobody_else() {
        let budget = Budget::default();
        let mut places: Vec<_> = (0..STRANGERS).map(|_| budget.of_stranger()).collect();
        assert!(places.iter_mut().all(|(_, lost)| lost.try_recv().is_err()));
        let (_newest, mut lost) = budget.of_stranger();
        let mut places = places.iter_mut();
        assert!(places.next().unwrap().1.try_recv().is_ok());
        assert!(places.all(|(_, lost)| lost.try_recv().is_err()));
        assert!(lost.try_recv().is_err());
    }
}
