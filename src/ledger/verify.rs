//! Verifies the chain.

use projections::sql::Row;

use super::{GENESIS, Ledger, LedgerError, Stored, feed};

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
        while verified.events < head.position {
            let page = feed::rows_after(&self.db, verified.events, PAGE).await?;
            if page.is_empty() {
                break;
            }
            for row in &page {
                if verified.events == head.position {
                    break;
                }
                if let Err(flaw) = self.verify_next(&mut verified, row) {
                    verified.flaw = Some(flaw);
                    return Ok(verified);
                }
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

    fn verify_next(&self, verified: &mut Verified, row: &Row) -> Result<(), Flaw> {
        let position = verified.events + 1;
        // A row that cannot be read as an event is not what was recorded.
        let event = Stored::read(row).map_err(|_| Flaw::Altered(position))?;
        if event.position != position {
            return Err(Flaw::Missing(position));
        }
        let expected = event
            .expected_hash(&self.ledger_id, &verified.hash)
            .map_err(|_| Flaw::Altered(position))?;
        if event.hash != expected {
            return Err(Flaw::Altered(position));
        }
        verified.events = position;
        verified.hash = expected;
        Ok(())
    }
}
