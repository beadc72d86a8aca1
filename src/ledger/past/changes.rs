//! Reads the events of a page of changes: those before the page, and those of the page itself, but no later ones.

use std::collections::{BTreeMap, BTreeSet};

use aggregates::Recorded;
use authorization::{
    Interest, Subject,
    past::{GrantChanges, Moment, Streams},
};
use projections::sql::{Boxed, filled, rounded, sql};

use super::{Ledger, PastError, STREAMS_AT_ONCE, must_be_name};
use crate::LedgerError;

/// By how much the number of events grows if too many of them change nothing.
const MORE: usize = 4;

impl Ledger {
    /// What a subject gained and lost after `from` and up to `to`, in at most `limit` changes. It ends early when the interest is
    /// lost. There may be many events before `from`, so ask from a thread that serves no requests.
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
                let changes = GrantChanges::of(subject, from, end, &reading.events, limit, interest);
                if changes.next.is_some() || end == to || interest.is_lost() {
                    return Ok(changes);
                }
                most = most.saturating_mul(MORE);
            }
        })
    }
}

/// The events of all streams that matter to a subject, read up to a position.
struct Reading<'a> {
    ledger: &'a Ledger,
    streams: Streams,
    /// The streams that were read, by their types.
    known: BTreeMap<&'static str, BTreeSet<String>>,
    /// In the order of the ledger.
    events: Vec<Recorded>,
    until: i64,
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
            let unread = self.streams.unread();
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
