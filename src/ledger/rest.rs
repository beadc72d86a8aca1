//! What commands rest on besides the aggregates that they change: aggregates that somebody has seen, and what a right was judged by.

use authorization::Grounds;

use super::{Rejection, Seen, executor::Source};

/// What commands rest on. If it has changed, the executor does not decide again: only whoever looked at it can.
#[derive(Clone, Copy)]
pub(super) struct Rest<'a> {
    /// Aggregates that must not have changed since they were seen.
    pub(super) unchanged: &'a [Seen],
    /// What a judgement rests on that was made before.
    grounds: Option<&'a Grounds>,
    /// Where decisions take the aggregates from at first.
    pub(super) source: Source,
}

impl<'a> Rest<'a> {
    /// Nothing but these aggregates.
    pub(super) fn on(unchanged: &'a [Seen]) -> Self {
        Self {
            unchanged,
            grounds: None,
            source: Source::Memory,
        }
    }

    /// These aggregates, and the grounds of a judgement. A conflict is not tried again here, so after one the memory may be out of date.
    pub(super) fn on_both(unchanged: &'a [Seen], grounds: &'a Grounds, source: Source) -> Self {
        Self {
            unchanged,
            grounds: Some(grounds),
            source,
        }
    }

    /// These grounds, and those on which the commands rest. Grounds of an older position hold for a shorter time, so both hold as long as the
    /// older ones.
    pub(super) fn with(&self, others: Grounds) -> Grounds {
        match self.grounds {
            Some(own) if others.streams.is_empty() => own.clone(),
            Some(own) => Grounds {
                position: own.position.min(others.position),
                streams: own.streams.union(&others.streams).cloned().collect(),
            },
            None => others,
        }
    }

    /// Whether a conflict is about something on which the commands rest.
    pub(super) fn is_about(&self, rejection: &Rejection) -> bool {
        let Rejection::Conflict {
            aggregate_type,
            aggregate_id,
        } = rejection
        else {
            return false;
        };
        let is_seen =
            |seen: &Seen| seen.aggregate_type == *aggregate_type && seen.aggregate_id == *aggregate_id;
        // With grounds, a conflict may be about those of a gift, which count as of an older position.
        self.grounds.is_some() || self.unchanged.iter().any(is_seen)
    }
}
