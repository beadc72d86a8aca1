//! Decides what happens when the writing of a batch ends, while batches overlap: which batch is sent, which units go under the lock,
//! and which callers get their answers, in which order.
//!
//! This code knows no database and no queue: the [`Crew`] does the work. So a test can run it against a model, with all events in any
//! order.

use super::{LedgerError, pace::Because};

/// What is known of a batch in flight that has ended.
pub(super) enum Fate {
    /// It is committed.
    Landed,
    /// The answer was lost, but the batch is in the ledger.
    Found,
    /// It is not in the ledger and never will be.
    NotWritten(Because),
    /// It may be in the ledger, or may still be written.
    Unknown(LedgerError),
}

/// Does the work for [`fly`].
pub(super) trait Crew {
    /// Units, and the callers that wait for them.
    type Load;
    /// A batch that was decided on the tip, and is not sent yet.
    type Decided: Into<Self::Load>;
    /// A batch that is being written.
    type Flight: Into<Self::Load>;

    /// Begins to write a batch.
    async fn send(&mut self, decided: Self::Decided) -> Self::Flight;
    /// Waits until the writing has ended. Meanwhile, it may decide the next batch.
    async fn ended(&mut self, flight: &mut Self::Flight) -> (Fate, Option<Self::Decided>);
    /// Answers the callers of a batch that is in the ledger.
    async fn settle(&mut self, flight: Self::Flight);
    /// Gives the callers an error.
    fn fail(&mut self, load: Self::Load, error: LedgerError);
    /// Forgets the tip, on which the next batch was decided.
    fn forget(&mut self);
    /// Decides and writes units under the lock, and answers their callers.
    async fn lock(&mut self, load: Self::Load, because: Because);
}

/// Writes a batch, and each batch that is decided while the one before is in flight. Ends when no such batch follows, or when
/// a batch does not land. Units of a batch are written again only if it certainly is not in the ledger and never will be.
pub(super) async fn fly<C: Crew>(crew: &mut C, first: C::Decided) {
    let mut flight = crew.send(first).await;
    loop {
        let (fate, next) = crew.ended(&mut flight).await;
        let because = match (fate, next) {
            (Fate::Landed, Some(next)) => {
                // The database works on the next batch while the callers of this one are answered.
                let next = crew.send(next).await;
                crew.settle(std::mem::replace(&mut flight, next)).await;
                continue;
            }
            (Fate::Landed, None) => return crew.settle(flight).await,
            (Fate::Found, next) => {
                crew.settle(flight).await;
                crew.forget();
                (Because::HeadUnknown, next)
            }
            (Fate::NotWritten(because), next) => {
                crew.forget();
                crew.lock(flight.into(), because).await;
                (because, next)
            }
            (Fate::Unknown(error), next) => {
                crew.fail(flight.into(), error);
                crew.forget();
                (Because::HeadUnknown, next)
            }
        };
        // The next batch was decided on a tip that may not be the head.
        if let (because, Some(next)) = because {
            crew.lock(next.into(), because).await;
        }
        return;
    }
}

#[cfg(test)]
mod tests;
