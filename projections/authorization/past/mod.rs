//! What the ledger says about one subject up to a position: decisions at that position, and why.
//!
//! The engine itself makes these decisions, from the subject's events alone. Beside it, `Holdings` keeps the event that
//! granted each permission. The caller of [`Past`] supplies all events of the streams that matter: those of the users
//! for which the subject stands, of every role that was ever granted to them, of other holders of a certificate, and of
//! a token's session.

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

use crate::{Answer, Authorization, Inquiry, Interest, MODEL, Model, Principal, Reason, Subject};

pub use cause::Cause;
pub use changes::{
    Course, Draft, Ends, Gap, Given, GrantChange, GrantChanges, Grants, HeldRole, MOST_LISTED, Names, Span,
    Step, Tenure, Touch, Unknown, role_name,
};
pub use holdings::{Grant, Through};
pub use nearest::{Lack, Near};
pub use streams::{Stream, Streams, last_username};
pub use why::{NameWhy, PartWhy, Why};

use holdings::Holdings;

/// After how many events the past asks whether it is still wanted.
const AT_ONCE: usize = 1_024;

/// A moment of the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment {
    /// The last event that counts.
    pub position: i64,
    /// The time at that moment: tokens and certificates expire by it.
    pub time: Timestamp,
}

/// What the ledger says about one subject up to a moment.
#[derive(Debug)]
pub struct Past {
    subject: Subject,
    moment: Moment,
    engine: Authorization,
    holdings: Holdings,
}

impl Past {
    /// Takes the events of all streams that matter, in the order of the ledger; it ignores those after the moment. It ends early when
    /// the interest is lost.
    pub fn of(subject: Subject, moment: Moment, events: &[Recorded], interest: &Interest) -> Self {
        Self::within(&MODEL, subject, moment, events, interest)
    }

    /// The same, with the kinds of a model.
    pub fn within(
        model: &'static Model,
        subject: Subject,
        moment: Moment,
        events: &[Recorded],
        interest: &Interest,
    ) -> Self {
        let until = events.partition_point(|event| event.position <= moment.position);
        let events = events.get(..until).unwrap_or_default();
        let engine = Authorization::within(model);
        let mut holdings = Holdings::within(model);
        for some in events.chunks(AT_ONCE).take_while(|_| !interest.is_lost()) {
            engine.apply(some);
            some.iter().for_each(|event| holdings.apply(event));
        }
        Self {
            subject,
            moment,
            engine,
            holdings,
        }
    }

    /// The moment.
    pub fn moment(&self) -> Moment {
        self.moment
    }

    /// The engine at that moment, with the data of this subject alone.
    pub fn engine(&self) -> &Authorization {
        &self.engine
    }

    /// The decision at that moment.
    pub fn answer(&self, inquiry: &Inquiry<'_>) -> Answer {
        let answer = self.engine.answer(&self.subject, inquiry, self.moment.time);
        Answer {
            position: self.moment.position,
            ..answer
        }
    }

    /// Whose grants counted for the subject, or why no grants counted.
    pub fn principal(&self) -> Result<Principal, Reason> {
        self.engine.principal(&self.subject, self.moment.time)
    }

    /// All grants of the subject, in the order in which they were granted.
    pub fn grants(&self) -> Vec<Grant> {
        self.principal()
            .map_or_else(|_| Vec::new(), |principal| self.holdings.grants(principal))
    }

    /// The prefix that was put before topics to which the subject published.
    pub fn publish_prefix(&self) -> Option<&str> {
        self.holdings
            .prefix(self.principal().ok()?)
            .map(|(prefix, _)| prefix)
    }

    /// The grants that allowed it; if it was denied, the nearest grants.
    pub fn why(&self, inquiry: &Inquiry<'_>) -> Why {
        let places = self.engine.collector.enter();
        match inquiry.resolve(&self.engine.places(&places)) {
            Ok(access) => Why::of(&self.holdings, self.principal().ok(), &access),
            // The resource is nowhere, so there is nothing to explain.
            Err(_) => Why { parts: Vec::new() },
        }
    }
}

/// Whether the granted operation includes the wanted one.
fn covers(granted: Operation, wanted: Operation) -> bool {
    granted.covers(wanted)
}
