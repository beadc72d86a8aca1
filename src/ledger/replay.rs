//! The whole engine at a past position, for questions about everybody, such as: who could do something then?
//!
//! Replaying the ledger takes long and as much memory as the engine itself, so there is only one such engine at a time.
//! It is completed even if the request no longer waits, and it is kept for a while, since a client reads page after
//! page.

use projections::sql::Boxed;
use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use authorization::Authorization;
use tokio::sync::watch;

use super::{Ledger, LedgerError, PastError, WithCauses};

/// How many events are read at once.
const PAGE: i64 = 8_000;
/// How long the engine is kept.
const KEPT: Duration = Duration::from_secs(300);
/// How long a request waits for the engine.
const PATIENCE: Duration = Duration::from_secs(2);

/// The one engine of the past, finished or in progress.
#[derive(Debug, Default)]
pub(super) struct Replay(Mutex<Option<Making>>);

/// `None` while the engine is in progress; `Some(None)` if it could not be made.
type Made = Option<Option<Arc<Authorization>>>;

#[derive(Clone, Debug)]
struct Making {
    position: i64,
    /// Distinguishes this engine from earlier ones.
    number: u64,
    made: watch::Receiver<Made>,
}

impl Replay {
    fn current(&self) -> MutexGuard<'_, Option<Making>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ledger {
    /// The engine at a position that the ledger has reached. If the replay takes long, [`PastError::Replaying`] tells
    /// the caller to ask again; the replay continues meanwhile.
    pub fn engine_at<'a>(&'a self, position: i64) -> Boxed<'a, Result<Arc<Authorization>, PastError>> {
        Box::pin(async move {
            let mut made = self.making(position)?.made;
            let made = tokio::time::timeout(PATIENCE, made.wait_for(Option::is_some)).await;
            match made.map(|made| made.map(|made| made.clone())) {
                Ok(Ok(Some(Some(engine)))) => Ok(engine),
                _ => Err(PastError::Replaying),
            }
        })
    }

    /// The engine for a position. Begins the replay, unless this engine exists already or another one is in progress.
    fn making(&self, position: i64) -> Result<Making, PastError> {
        let mut current = self.replay.current();
        if let Some(making) = current.as_ref() {
            let made = making.made.borrow();
            let failed = matches!(*made, Some(None)) || making.made.has_changed().is_err() && made.is_none();
            if making.position == position && !failed {
                return Ok(making.clone());
            }
            if made.is_none() && !failed {
                return Err(PastError::Replaying);
            }
        }
        let (tell, made) = watch::channel(None);
        let number = current.as_ref().map_or(0, |making| making.number + 1);
        let making = Making {
            position,
            number,
            made,
        };
        // Drop the earlier engine first, unless a request still reads it: there must be memory for only one.
        *current = Some(making.clone());
        let ledger = self.clone();
        tokio::spawn(async move {
            let replayed = ledger.replayed(position).await;
            if let Err(error) = &replayed {
                // The log line is written here, since perhaps no request waits any more.
                tracing::error!(error = %WithCauses(error), position, "cannot replay the ledger");
            }
            tell.send_replace(Some(replayed.ok().map(Arc::new)));
            // From now on only requests hold the engine. Once another engine takes its place, the last request frees
            // it.
            drop(tell);
            tokio::time::sleep(KEPT).await;
            let mut current = ledger.replay.current();
            if current.as_ref().is_some_and(|making| making.number == number) {
                *current = None;
            }
        });
        Ok(making)
    }

    async fn replayed(&self, until: i64) -> Result<Authorization, LedgerError> {
        let engine = Authorization::new();
        let mut pages = self.opened_pages(0, until, PAGE);
        while let Some(page) = pages.next().await? {
            engine.apply(&page);
        }
        if engine.position() < until {
            return Err(LedgerError::Behind(None));
        }
        Ok(engine)
    }
}
