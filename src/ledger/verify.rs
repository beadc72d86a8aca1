//! Walking the chain.

use super::{Filter, GENESIS, Ledger, LedgerError, Stored};

/// How many events are read at once.
const PAGE: i64 = 5_000;

/// What a walk over the whole chain found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// How many events are as they were recorded, from the first on.
    pub events: i64,
    /// The hash of the last of them.
    pub hash: [u8; 32],
    /// What is wrong after them, if anything.
    pub flaw: Option<Flaw>,
}

/// Where the chain breaks.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    /// The event is not what was recorded, or its hash is not.
    #[error("the event at position {0} does not match its hash")]
    Altered(i64),
    /// An event is missing.
    #[error("the event at position {0} is missing")]
    Missing(i64),
    /// The head row tells another end than the events do.
    #[error("the head is at position {head}, but the events end at {events}, or the head's hash differs")]
    Head {
        /// What the head row says.
        head: i64,
        /// What the events say.
        events: i64,
    },
}

impl Ledger {
    /// Recomputes every hash from the first event to the head. `progress` hears positions on the way.
    pub async fn verify(&self, mut progress: impl FnMut(i64)) -> Result<Verified, LedgerError> {
        // The head is read first: what is appended during the walk is walked, but not missed in the head.
        let head = self.head().await?;
        let mut verified = Verified {
            events: 0,
            hash: GENESIS,
            flaw: None,
        };
        let mut at_head = GENESIS;
        loop {
            let page = self.after(verified.events, PAGE, &Filter::default()).await?;
            if page.is_empty() {
                break;
            }
            for event in &page {
                if let Err(flaw) = self.verify_next(&mut verified, event) {
                    verified.flaw = Some(flaw);
                    return Ok(verified);
                }
                if event.position == head.position {
                    at_head = verified.hash;
                }
            }
            progress(verified.events);
        }
        if head.position > verified.events || at_head != head.hash {
            verified.flaw = Some(Flaw::Head {
                head: head.position,
                events: verified.events,
            });
        }
        Ok(verified)
    }

    fn verify_next(&self, verified: &mut Verified, event: &Stored) -> Result<(), Flaw> {
        let position = verified.events + 1;
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
