//! What the ledger says of one subject up to a position: decisions as of then, and why.
//!
//! The decisions are those of the engine itself, fed with the subject's events alone. Beside it, `Holdings` keeps
//! which event gave what. Whoever makes a [`Past`] brings all events of the streams that matter: of the users the
//! subject stands for, of every role they were ever granted, of a certificate's other holders, of a token's session.

mod cause;
mod changes;
mod holdings;
mod nearest;
mod streams;
mod why;

use aggregates::{
    Recorded,
    values::{Operation, Timestamp},
};

use crate::{Answer, Authorization, Inquiry, MODEL, Model, Principal, Reason, Subject};

pub use cause::Cause;
pub use changes::{GrantChange, GrantChanges};
pub use holdings::{Grant, Through};
pub use nearest::{Lack, Near};
pub use streams::{Stream, Streams, last_username};
pub use why::{NameWhy, PartWhy, Why};

use holdings::Holdings;

/// A moment of the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment {
    /// The last event that counts.
    pub position: i64,
    /// What time it was: what ends tokens and certificates.
    pub time: Timestamp,
}

/// What the ledger says of one subject up to a moment.
#[derive(Debug)]
pub struct Past {
    subject: Subject,
    moment: Moment,
    engine: Authorization,
    holdings: Holdings,
}

impl Past {
    /// From the events of all streams that matter, in the order of the ledger; those after the moment are passed over.
    pub fn of(subject: Subject, moment: Moment, events: &[Recorded]) -> Self {
        Self::within(&MODEL, subject, moment, events)
    }

    /// The same, with what a model knows.
    pub fn within(model: &'static Model, subject: Subject, moment: Moment, events: &[Recorded]) -> Self {
        let until = events.partition_point(|event| event.position <= moment.position);
        let events = events.get(..until).unwrap_or_default();
        let engine = Authorization::within(model);
        engine.apply(events);
        let mut holdings = Holdings::within(model);
        for event in events {
            holdings.apply(event);
        }
        Self {
            subject,
            moment,
            engine,
            holdings,
        }
    }

    /// The moment it is about.
    pub fn moment(&self) -> Moment {
        self.moment
    }

    /// The engine as of that moment, about this subject alone.
    pub fn engine(&self) -> &Authorization {
        &self.engine
    }

    /// The decision of that moment.
    pub fn answer(&self, inquiry: &Inquiry<'_>) -> Answer {
        let answer = self.engine.answer(&self.subject, inquiry, self.moment.time);
        Answer {
            position: self.moment.position,
            ..answer
        }
    }

    /// Whose grants counted for the subject, or why nobody's did.
    pub fn principal(&self) -> Result<Principal, Reason> {
        self.engine.principal(&self.subject, self.moment.time)
    }

    /// All that was granted to the subject, in the order in which it was given.
    pub fn grants(&self) -> Vec<Grant> {
        self.principal()
            .map_or_else(|_| Vec::new(), |principal| self.holdings.grants(principal))
    }

    /// What was put before topics that the subject published to.
    pub fn publish_prefix(&self) -> Option<&str> {
        self.holdings
            .prefix(self.principal().ok()?)
            .map(|(prefix, _)| prefix)
    }

    /// Which grants allowed it; for a denial, which came nearest.
    pub fn why(&self, inquiry: &Inquiry<'_>) -> Why {
        let places = self.engine.collector.enter();
        match inquiry.resolve(&self.engine.places(&places)) {
            Ok(access) => Why::of(&self.holdings, self.principal().ok(), &access),
            // Of a resource that is nowhere there is nothing to tell.
            Err(_) => Why { parts: Vec::new() },
        }
    }
}

/// Whether what is granted is all that is wanted.
fn covers(granted: Operation, wanted: Operation) -> bool {
    granted.covers(wanted)
}
