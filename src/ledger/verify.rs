//! Verifies the chain.

use std::sync::Arc;

use projections::sql::Row;

use super::{GENESIS, Ledger, LedgerError, Stored, ahead::Ahead, event_hash, feed};

/// How many events are read at once.
const PAGE: i64 = 5_000;

/// The result of a walk over the whole chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// How many events, from the first on, are as they were recorded.
    pub events: i64,
    /// The hash of the last of these events.
    pub hash: [u8; 32],
    /// What is wrong after these events, if anything.
    pub flaw: Option<Flaw>,
}

/// Where the chain breaks.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    /// The event or its hash is not what was recorded.
    #[error("the event at position {0} does not match its hash")]
    Altered(i64),
    /// An event is missing.
    #[error("the event at position {0} is missing")]
    Missing(i64),
    /// The head row does not fit the last event.
    #[error("the head is at position {head}, but the events end at {events}, or the head's hash differs")]
    Head {
        /// The position in the head row.
        head: i64,
        /// The position of the last event.
        events: i64,
    },
}

impl Ledger {
    /// Recomputes every hash from the first event to the head. It passes positions on the way to `progress`.
    pub async fn verify(&self, mut progress: impl FnMut(i64)) -> Result<Verified, LedgerError> {
        // The order matters: an event that is appended meanwhile is then in neither, or only in the head.
        let ends = feed::ends(&self.db).await?;
        let head = self.head().await?;
        let mut verified = Verified {
            events: 0,
            hash: GENESIS,
            flaw: None,
        };
        if let Some((first, _)) = ends.filter(|(first, _)| *first < 1) {
            // This event is not part of the chain, but loading its stream would find it.
            verified.flaw = Some(Flaw::Altered(first));
            return Ok(verified);
        }
        let mut pages = Ahead::start(feed::rows_from(&self.db, 0, head.position, PAGE));
        while let Some(page) = pages.next().await? {
            let walk = Walk {
                ledger_id: Arc::clone(&self.ledger_id),
                verified,
            };
            // Hashing takes long, so this runs outside the threads that serve requests.
            let walked = tokio::task::spawn_blocking(move || walk.over(&page)).await;
            verified = walked.map_err(|_| LedgerError::Behind(None))?;
            if verified.flaw.is_some() {
                return Ok(verified);
            }
            progress(verified.events);
        }
        let last = ends.map_or(0, |(_, last)| last);
        if verified.events != head.position || last > head.position || verified.hash != head.hash {
            verified.flaw = Some(Flaw::Head {
                head: head.position,
                events: verified.events.max(last),
            });
        }
        Ok(verified)
    }
}

/// A walk over the events, in order.
struct Walk {
    ledger_id: Arc<str>,
    /// What the walk has found so far.
    verified: Verified,
}

impl Walk {
    /// Walks over the next rows, up to the first flaw.
    fn over(mut self, rows: &[Row]) -> Verified {
        let mut canonical = Vec::with_capacity(1_024);
        for row in rows {
            if let Err(flaw) = self.step(row, &mut canonical) {
                self.verified.flaw = Some(flaw);
                break;
            }
        }
        self.verified
    }

    fn step(&mut self, row: &Row, canonical: &mut Vec<u8>) -> Result<(), Flaw> {
        let position = self.verified.events + 1;
        // A row that cannot be read as an event is not what was recorded.
        let event = Stored::read(row).map_err(|_| Flaw::Altered(position))?;
        if event.position != position {
            return Err(Flaw::Missing(position));
        }
        event
            .canonical(&self.ledger_id, canonical)
            .map_err(|_| Flaw::Altered(position))?;
        let expected = event_hash(&self.verified.hash, canonical);
        if event.hash != expected {
            return Err(Flaw::Altered(position));
        }
        self.verified.events = position;
        self.verified.hash = expected;
        Ok(())
    }
}
