//! The audit trail: what was done and what was refused, in one list, newest first.
//!
//! The events of the ledger say what was done, and the rows of `refusals` say what was refused. A page is merged from the two
//! sources. Each source continues at its place in an index, so each page costs as much as the first one. If a filter has conditions
//! that no index serves, a page examines a limited number of rows, and may be shorter than asked, or empty, although more follow.

mod cursor;
mod events;
mod merge;

use std::collections::BTreeSet;

use aggregates::values::Timestamp;
use projections::sql::Boxed;
use uuid::Uuid;

use super::{
    Head, Ledger, LedgerError, Metadata,
    feed::is_frequent,
    refusals::{Closed, RefusedKind},
};

pub use cursor::Cursor;
pub use events::Done;
use events::Source;
use merge::{Merged, Scanned, merged};

pub use super::refusals::{Kept, Names};

/// How many rows are examined at once if not every row fits.
const CHUNK: i64 = 1_000;
/// How many rows of each source a page examines at most.
const EXAMINED: i64 = 10_000;

/// Who acted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// A user.
    Id(Uuid),
    /// The server itself.
    System,
}

impl Actor {
    /// The actor with this name in metadata: a user's id, or `system`.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            Metadata::SYSTEM => Some(Self::System),
            text => Uuid::try_parse(text).ok().map(Self::Id),
        }
    }

    /// The user's id. The server itself has the id that no user has.
    pub(super) fn id(&self) -> Uuid {
        match self {
            Self::Id(id) => *id,
            Self::System => Uuid::nil(),
        }
    }
}

impl std::fmt::Display for Actor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Id(id) => write!(f, "{id}"),
            Self::System => f.write_str(Metadata::SYSTEM),
        }
    }
}

/// The type of an event, or the kind of a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The stored name of an event type.
    Event(&'static str),
    /// A kind of refusals.
    Refused(RefusedKind),
}

impl Kind {
    /// The kind with this stored name.
    pub fn parse(text: &str) -> Option<Self> {
        let event = || aggregates::Event::forms().find(|form| form.event_type == text);
        RefusedKind::of(text)
            .map(Self::Refused)
            .or_else(|| Some(Self::Event(event()?.event_type)))
    }

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Event(name) => name,
            Self::Refused(kind) => kind.as_str(),
        }
    }
}

/// Whether something was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was done.
    Success,
    /// It was refused.
    Refused,
}

/// Which items of the trail are wanted. A field that is `None` restricts nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Only what this actor did, or was refused.
    pub actor: Option<Actor>,
    /// Only what was done to this aggregate, or refused about it.
    pub object: Option<Uuid>,
    /// Only what was done to one of these aggregates, or refused about one of them.
    pub within: Option<BTreeSet<Uuid>>,
    /// Only items of this kind.
    pub kind: Option<Kind>,
    /// Only items with this outcome.
    pub outcome: Option<Outcome>,
    /// Only items from this moment on. Refusals that do not differ are one item. It fits if the last of them does.
    pub from: Option<Timestamp>,
    /// Only items before this moment. Refusals that do not differ fit if the first of them does.
    pub to: Option<Timestamp>,
}

impl Filter {
    fn wants(&self, outcome: Outcome) -> bool {
        let of_kind = self.kind.map(|kind| match kind {
            Kind::Event(_) => Outcome::Success,
            Kind::Refused(_) => Outcome::Refused,
        });
        [self.outcome, of_kind]
            .into_iter()
            .flatten()
            .all(|wanted| wanted == outcome)
    }

    /// Whether a refusal fits, whatever the statement checked.
    fn fits(&self, Closed { kept, .. }: &Closed) -> bool {
        let fits_actor = |actor: &Actor| kept.actor == Some(actor.id());
        self.actor.as_ref().is_none_or(fits_actor)
            && self.object.is_none_or(|object| kept.object == Some(object))
            && self.kind.is_none_or(|kind| kept.kind == kind.as_str())
            && self.fits_within(kept.object)
    }

    /// Whether an object is one of those that are wanted.
    fn fits_within(&self, object: Option<Uuid>) -> bool {
        let has = |ids: &BTreeSet<Uuid>| object.is_some_and(|object| ids.contains(&object));
        self.within.as_ref().is_none_or(has)
    }

    /// Whether one statement checks everything about refusals.
    fn is_simple(&self) -> bool {
        let conditions = [self.actor.is_some(), self.object.is_some(), self.kind.is_some()];
        self.within.is_none() && conditions.into_iter().filter(|is_there| *is_there).count() <= 1
    }

    /// Whether a page may examine many more items than it has, since no index has all conditions.
    pub fn examines_many(&self) -> bool {
        let is_of_frequent_type = matches!(self.kind, Some(Kind::Event(kind)) if is_frequent(kind));
        !self.is_simple() || is_of_frequent_type
    }
}

/// An item of the trail.
#[derive(Clone, Debug)]
pub enum Item {
    /// An event.
    Done(Done),
    /// Refusals that do not differ.
    Refused(Box<Kept>),
}

/// A page of the trail.
#[derive(Clone, Debug)]
pub struct Page {
    /// The items, newest first.
    pub items: Vec<Item>,
    /// Where the page after this one begins; `None` at the end.
    pub next: Option<Cursor>,
}

impl Ledger {
    /// Up to `limit` items of the trail after a cursor, newest first.
    pub fn audit<'a>(
        &'a self,
        filter: &'a Filter,
        after: Option<Cursor>,
        limit: usize,
    ) -> Boxed<'a, Result<Page, LedgerError>> {
        Box::pin(async move {
            let after = match after {
                Some(after) => after,
                // Events and refusals that are recorded after the first page are not a part of the list.
                None => Cursor::before(Head::read_from(&self.db).await?.position),
            };
            let after = match filter.to {
                Some(to) => self.up_to(after, to).await?,
                None => after,
            };
            let want = limit.saturating_add(1);
            let done = match filter.wants(Outcome::Success) {
                true => self.done(filter, after.events, want).await?,
                false => Scanned::nothing(),
            };
            let refused = match filter.wants(Outcome::Refused) {
                true => self.refused(filter, after, want).await?,
                false => Scanned::nothing(),
            };
            let Merged { items, next } = merged((done, refused), after, limit);
            Ok(Page { items, next })
        })
    }

    async fn done(&self, filter: &Filter, below: i64, want: usize) -> Result<Scanned<Done>, LedgerError> {
        let source = Source::of(&self.db, filter, below).await?;
        source.scan(want).await
    }

    async fn refused(
        &self,
        filter: &Filter,
        after: Cursor,
        want: usize,
    ) -> Result<Scanned<Kept>, LedgerError> {
        let from = filter.from.map_or(i64::MIN, Timestamp::micros);
        let (mut fitting, mut unknown_below) = (Vec::new(), None);
        let (mut below, mut examined) = (after.refusals, 0);
        let chunk = match filter.is_simple() {
            true => i64::try_from(want).unwrap_or(CHUNK),
            false => CHUNK,
        };
        loop {
            let rows = self
                .refusals()
                .below(&mut &self.db, filter, (below, from), chunk)
                .await?;
            let read = i64::try_from(rows.len()).unwrap_or(chunk);
            let last = rows.last().map(|row| row.kept.place());
            fitting.extend(rows.into_iter().filter(|row| filter.fits(row)));
            examined += read;
            match last {
                Some(last) if read == chunk && fitting.len() < want => below = last,
                _ => break,
            }
            if examined >= EXAMINED {
                unknown_below = Some(Cursor {
                    events: 0,
                    refusals: below,
                });
                break;
            }
        }
        fitting.truncate(want);
        let found = self.refusals().open(&mut &self.db, fitting).await?;
        Ok(Scanned { found, unknown_below })
    }

    /// The cursor, or the place before everything that is not before `to`, if that is older.
    async fn up_to(&self, after: Cursor, to: Timestamp) -> Result<Cursor, LedgerError> {
        let first = events::before(&self.db, to).await?.saturating_add(1);
        let refusals = super::refusals::Below::including(to.micros().saturating_sub(1));
        Ok(after.at_most(first, refusals))
    }
}
