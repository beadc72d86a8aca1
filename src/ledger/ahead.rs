//! Works ahead: makes the next item while the caller uses the one before.

use std::fmt;

use futures_util::{Stream, StreamExt as _};
use tokio::{sync::mpsc, task::JoinHandle};

use super::LedgerError;

/// The items of a stream. A task makes the next item while the caller uses the one before. So at most two items exist: the
/// caller's and the next one. If this is dropped, the task ends.
pub(super) struct Ahead<T> {
    /// `None` is the end of the stream.
    items: mpsc::Receiver<Option<Result<T, LedgerError>>>,
    task: JoinHandle<()>,
    ended: bool,
}

impl<T: Send + 'static> Ahead<T> {
    /// Begins with the first item.
    pub(super) fn start(items: impl Stream<Item = Result<T, LedgerError>> + Send + 'static) -> Self {
        let (tell, told) = mpsc::channel(1);
        let task = tokio::spawn(async move {
            let mut items = std::pin::pin!(items);
            // There is room once the caller has taken the item before.
            while let Ok(room) = tell.reserve().await {
                let item = items.next().await;
                let ended = item.is_none();
                room.send(item);
                if ended {
                    break;
                }
            }
        });
        Self {
            items: told,
            task,
            ended: false,
        }
    }

    /// The next item; `None` after the last one. An error comes after all items before it. If the caller drops the future, no
    /// item is lost.
    pub(super) async fn next(&mut self) -> Result<Option<T>, LedgerError> {
        if self.ended {
            return Ok(None);
        }
        match self.items.recv().await {
            Some(Some(item)) => item.map(Some),
            Some(None) => {
                self.ended = true;
                Ok(None)
            }
            // The task ended too early: the program is shutting down.
            None => Err(LedgerError::Behind(None)),
        }
    }
}

/// The items are left out: they may hold personal data.
impl<T> fmt::Debug for Ahead<T> {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.debug_struct("Ahead")
            .field("ended", &self.ended)
            .finish_non_exhaustive()
    }
}

impl<T> Drop for Ahead<T> {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::{
            Arc,
            atomic::{AtomicUsize, Ordering},
        },
        time::Duration,
    };

    use futures_util::stream;

    use super::*;

    /// Counts from 1 up to `last`, and notes each number when it is made.
    fn counted(
        last: usize,
        made: &Arc<AtomicUsize>,
    ) -> impl Stream<Item = Result<usize, LedgerError>> + use<> {
        let made = Arc::clone(made);
        stream::iter(1..=last).map(move |number| {
            made.store(number, Ordering::SeqCst);
            Ok(number)
        })
    }

    async fn settle() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }

    #[tokio::test]
    async fn the_items_come_in_order_and_end() {
        let made = Arc::default();
        let mut ahead = Ahead::start(counted(3, &made));
        for number in 1..=3 {
            assert_eq!(ahead.next().await.unwrap(), Some(number));
        }
        for _ in 0..2 {
            assert_eq!(ahead.next().await.unwrap(), None);
        }
    }

    #[tokio::test]
    async fn one_item_is_made_ahead_and_no_more() {
        let made = Arc::default();
        let mut ahead = Ahead::start(counted(9, &made));
        settle().await;
        assert_eq!(made.load(Ordering::SeqCst), 1);
        assert_eq!(ahead.next().await.unwrap(), Some(1));
        settle().await;
        assert_eq!(made.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn an_error_comes_after_the_items_before_it() {
        let items = [Ok(1), Ok(2), Err(LedgerError::NoHead)];
        let mut ahead = Ahead::start(stream::iter(items));
        settle().await;
        assert_eq!(ahead.next().await.unwrap(), Some(1));
        assert_eq!(ahead.next().await.unwrap(), Some(2));
        assert!(matches!(ahead.next().await, Err(LedgerError::NoHead)));
        assert_eq!(ahead.next().await.unwrap(), None);
    }

    #[tokio::test]
    async fn a_caller_who_gives_up_waiting_loses_no_item() {
        let slow = stream::iter(1..=3).then(|number| async move {
            tokio::time::sleep(Duration::from_millis(15)).await;
            Ok(number)
        });
        let mut ahead = Ahead::start(slow);
        let mut seen = Vec::new();
        loop {
            match tokio::time::timeout(Duration::from_millis(2), ahead.next()).await {
                Err(_) => {}
                Ok(Ok(Some(number))) => seen.push(number),
                Ok(ended) => break assert_eq!(ended.unwrap(), None),
            }
        }
        assert_eq!(seen, [1, 2, 3]);
    }

    #[tokio::test]
    async fn a_task_that_nobody_waits_for_is_dropped() {
        let held = Arc::new(());
        let kept = Arc::clone(&held);
        let silent = stream::once(async move {
            let _kept = kept;
            std::future::pending::<Result<(), LedgerError>>().await
        });
        let ahead = Ahead::start(silent);
        settle().await;
        assert_eq!(Arc::strong_count(&held), 2);
        drop(ahead);
        settle().await;
        assert_eq!(Arc::strong_count(&held), 1);
    }

    #[tokio::test]
    async fn a_task_that_ends_too_early_is_not_the_end_of_the_ledger() {
        let ahead = &mut Ahead::<()>::start(stream::pending());
        ahead.task.abort();
        assert!(matches!(ahead.next().await, Err(LedgerError::Behind(None))));
        assert!(matches!(ahead.next().await, Err(LedgerError::Behind(None))));
    }
}
