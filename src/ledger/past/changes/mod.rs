//! Reads the events of a page of changes: those before the page, and those of the page itself, but no later ones.
//!
//! Of roles it reads no events, except those that created, named and deleted them, and those that the page lists. What roles gave comes
//! from the read model `permission_spans`. So a page costs what it shows, whatever happened to the roles.

mod roles;

use std::collections::{BTreeMap, BTreeSet};

use aggregates::{Recorded, values::RoleId};
use authorization::{
    Interest, Subject,
    past::{Course, GrantChanges, Moment, Streams},
};
use projections::{
    permission_spans::lives,
    sql::{Boxed, filled, rounded, sql},
};

use super::{COLUMNS, Ledger, PastError, STREAMS_AT_ONCE, Stored, must_be_name, open};
use crate::LedgerError;
use roles::Roles;

/// By how much the number of events grows if too many of them change nothing.
const MORE: usize = 4;
/// How many events one statement reads by their positions.
const POSITIONS_AT_ONCE: usize = 1_024;

impl Ledger {
    /// What a subject gained and lost after `from` and up to `to`, in at most `limit` changes. It ends early when the interest is
    /// lost. The subject itself may have many events before `from`, so ask from a thread that serves no requests.
    pub fn changes<'a>(
        &'a self,
        subject: &'a Subject,
        from: Moment,
        to: Moment,
        limit: usize,
        interest: &'a Interest,
    ) -> Boxed<'a, Result<GrantChanges, PastError>> {
        Box::pin(async move {
            let (from, to) = (from.position, to.position);
            let mut reading = Reading {
                ledger: self,
                streams: self.streams_of(subject, to).await?,
                known: BTreeMap::new(),
                events: Vec::new(),
                until: 0,
                to,
                interest,
            };
            if let Subject::Username(name) = subject {
                // Whoever has the name now must have had it at the end, which the page may not reach.
                let users = reading.streams.unread();
                let events = reading.all_of(&users, 0, to).await?;
                must_be_name(name, &events)?;
                reading.streams = self.streams_of(subject, to).await?;
            }
            reading.go_on(from).await?;
            // One event more than the page has changes shows that there is a next page.
            let mut most = limit + 1;
            loop {
                let end = reading.end_of(most, to).await?;
                reading.go_on(end).await?;
                let course = Course::of(subject, from..=end, &reading.events, interest);
                let roles = Roles {
                    ledger: self,
                    course: &course,
                    interest,
                };
                let (draft, known) = roles.draft(most, limit).await?;
                if draft.is_full() || known == to || interest.is_lost() {
                    return Ok(roles.finish(draft).await?);
                }
                most = most.saturating_mul(MORE);
            }
        })
    }

    /// The events at these positions, in any order.
    async fn events_at(&self, positions: &[i64]) -> Result<Vec<Recorded>, LedgerError> {
        let mut events = Vec::with_capacity(positions.len());
        for chunk in positions.chunks(POSITIONS_AT_ONCE) {
            let count = rounded(chunk.len());
            let numbered: Vec<String> = (1..=count).map(|number| format!("${number}")).collect();
            let select = sql(format!(
                "SELECT {COLUMNS} FROM events WHERE position IN ({})",
                numbered.join(", ")
            ));
            let select = filled(chunk, count).fold(select, |select, position| select.bind(*position));
            let rows = self.db.all(select).await?;
            let stored = rows.iter().map(Stored::read).collect::<Result<Vec<_>, _>>()?;
            events.extend(open(&mut &self.db, &self.sealer, &stored).await?);
        }
        Ok(events)
    }
}

/// The events of all streams that matter to a subject, read up to a position. Of roles these are only the events that created and
/// deleted them.
struct Reading<'a> {
    ledger: &'a Ledger,
    streams: Streams,
    /// The streams that were read, by their types.
    known: BTreeMap<&'static str, BTreeSet<String>>,
    /// In the order of the ledger.
    events: Vec<Recorded>,
    until: i64,
    /// The last position that counts.
    to: i64,
    interest: &'a Interest,
}

impl Reading<'_> {
    /// Reads on, up to a position. Streams that the events name are read from their beginning.
    async fn go_on(&mut self, until: i64) -> Result<(), LedgerError> {
        let known = std::mem::take(&mut self.known);
        let mut found = self.all_of(&known, self.until, until).await?;
        self.known = known;
        loop {
            found.iter().for_each(|event| self.streams.take(event));
            self.events.append(&mut found);
            let roles = self.streams.unread_roles();
            let unread = self.streams.unread();
            let mut of_roles = self.lives_of(&roles).await?;
            self.events.append(&mut of_roles);
            if unread.is_empty() || self.interest.is_lost() {
                break;
            }
            found = self.all_of(&unread, 0, until).await?;
            for (aggregate_type, ids) in unread {
                self.known.entry(aggregate_type).or_default().extend(ids);
            }
        }
        self.events.sort_by_key(|event| event.position);
        self.until = until;
        Ok(())
    }

    /// The events that created and deleted roles.
    async fn lives_of(&self, roles: &[RoleId]) -> Result<Vec<Recorded>, LedgerError> {
        let lives = lives(&self.ledger.db, roles).await?;
        let positions = lives.iter().flat_map(|life| [Some(life.created), life.deleted]);
        let positions: Vec<i64> = positions.flatten().filter(|at| *at <= self.to).collect();
        self.ledger.events_at(&positions).await
    }

    async fn all_of(
        &self,
        streams: &BTreeMap<&'static str, BTreeSet<String>>,
        after: i64,
        until: i64,
    ) -> Result<Vec<Recorded>, LedgerError> {
        let mut events = Vec::new();
        for (aggregate_type, ids) in streams {
            let found = self
                .ledger
                .streams(aggregate_type, ids, (after, until), self.interest);
            events.extend(found.await?);
        }
        Ok(events)
    }

    /// A position up to which the known streams have about so many more events, or `to` if they have no more than that.
    async fn end_of(&self, most: usize, to: i64) -> Result<i64, LedgerError> {
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let mut end = to;
        for (aggregate_type, ids) in &self.known {
            let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
            for chunk in ids.chunks(STREAMS_AT_ONCE) {
                let count = rounded(chunk.len());
                let numbered: Vec<String> = (5..5 + count).map(|number| format!("${number}")).collect();
                // The sum keeps the database from walking through the events of all streams in their order.
                let select = sql(format!(
                    "SELECT position FROM events WHERE aggregate_type = $1 AND position > $2 AND position <= $3 \
                     AND aggregate_id IN ({}) ORDER BY position + 0 LIMIT 1 OFFSET $4",
                    numbered.join(", ")
                ));
                let select = select.bind(*aggregate_type).bind(self.until).bind(end).bind(most);
                let select = filled(chunk, count).fold(select, |select, id| select.bind(*id));
                if let Some(row) = self.ledger.db.optional(select).await? {
                    end = end.min(row.int(0)? - 1);
                }
            }
        }
        Ok(end)
    }
}
