//! Reads the past of one subject: the events of every stream that matters to it, up to a moment.

use projections::sql::Boxed;
use std::collections::BTreeSet;

use aggregates::{Recorded, text::spelling, values::Timestamp};
use authorization::{
    Interest, Subject,
    directory::ResourceId,
    past::{Moment, Past, Streams, last_username},
};
use projections::sql::{filled, rounded, sql};

use super::{Ledger, LedgerError, Stored, opening::open, stored::COLUMNS};

mod changes;

/// How many events of a long stream one statement reads.
const EVENTS_AT_ONCE: i64 = 2_000;
/// How many streams one statement reads.
const STREAMS_AT_ONCE: usize = 256;
/// Selects the events that name a fingerprint. The condition must be the same text as in the index.
const WITH_FINGERPRINT: &str =
    "event_type IN ('user.certificate_added', 'user.certificate_removed', 'session.token_issued')";

/// Why there is no answer about a moment.
#[derive(Debug, thiserror::Error)]
pub enum PastError {
    /// The moment is after the last event, or the time is in the future.
    #[error("the ledger does not reach that moment yet: it ends at position {0}")]
    Ahead(i64),
    /// The user who has the name now did not have it then, or nobody has it now. The ledger does not keep names where
    /// it could search for them.
    #[error("nobody who has this username now had it then: ask by the user's id")]
    NameThen,
    /// The request asks about too much.
    #[error("one request may explain, or ask about the past, at most {0} times")]
    TooMany(usize),
    /// The moment is being read from the ledger, which takes a while.
    #[error("that moment is being read from the ledger: ask again in a while")]
    Replaying,
    /// The ledger does not answer.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

impl Ledger {
    /// The moment right after the event at a position; 0 means before the first event.
    pub fn moment_at<'a>(&'a self, position: i64) -> Boxed<'a, Result<Moment, PastError>> {
        Box::pin(async move {
            if position > self.authorization().position() {
                let head = self.head().await?;
                if position > head.position {
                    return Err(PastError::Ahead(head.position));
                }
            }
            let time = match position {
                ..=0 => Timestamp::from_micros(0),
                _ => self.recorded_at(position).await?,
            };
            Ok(Moment { position, time })
        })
    }

    /// The moment at a time: after all events that were recorded until then.
    pub fn moment_of<'a>(&'a self, time: Timestamp, now: Timestamp) -> Boxed<'a, Result<Moment, PastError>> {
        Box::pin(async move {
            let head = self.head().await?;
            if time > now {
                return Err(PastError::Ahead(head.position));
            }
            // Times never decrease from one event to the next, so a binary search finds the first later one.
            let (mut before, mut after) = (0, head.position + 1);
            if head.recorded_at <= time {
                before = head.position;
            }
            while after - before > 1 {
                let middle = before + (after - before) / 2;
                if self.recorded_at(middle).await? <= time {
                    before = middle;
                } else {
                    after = middle;
                }
            }
            Ok(Moment {
                position: before,
                time,
            })
        })
    }

    /// The position of this process, with the given time.
    pub fn moment_now(&self, now: Timestamp) -> Moment {
        Moment {
            position: self.authorization().position(),
            time: now,
        }
    }

    /// What the ledger says about a subject, and about where a resource was, up to a moment. It ends early when the interest is
    /// lost. There may be many events, so ask from a thread that serves no requests.
    pub fn past<'a>(
        &'a self,
        subject: &'a Subject,
        resource: Option<&'a ResourceId>,
        moment: Moment,
        interest: &'a Interest,
    ) -> Boxed<'a, Result<Past, PastError>> {
        Box::pin(async move {
            let events = self.events_about(subject, resource, moment, interest).await?;
            Ok(Past::of(subject.clone(), moment, &events, interest))
        })
    }

    async fn recorded_at(&self, position: i64) -> Result<Timestamp, LedgerError> {
        let select = sql("SELECT recorded_at FROM events WHERE position = $1").bind(position);
        let row = self.db.optional(select).await?;
        let row = row.ok_or_else(|| LedgerError::Unreadable {
            position,
            reason: "there is no such event".to_owned(),
        })?;
        Ok(Timestamp::from_micros(row.int(0)?))
    }

    /// All events up to a moment that matter to a subject, and to a resource in the directory, in order. They are not all if the
    /// interest is lost meanwhile.
    async fn events_about(
        &self,
        subject: &Subject,
        resource: Option<&ResourceId>,
        moment: Moment,
        interest: &Interest,
    ) -> Result<Vec<Recorded>, PastError> {
        let until = moment.position;
        let mut streams = self.streams_of(subject, until).await?;
        if let Some(resource) = resource {
            streams.add_resource(resource);
        }
        let mut events = Vec::new();
        loop {
            let unread = streams.unread();
            if unread.is_empty() || interest.is_lost() {
                break;
            }
            for (aggregate_type, ids) in unread {
                let found = self.streams(aggregate_type, &ids, (0, until), interest).await?;
                found.iter().for_each(|event| streams.take(event));
                events.extend(found);
            }
        }
        events.sort_by_key(|event| event.position);
        if let Subject::Username(name) = subject {
            must_be_name(name, &events)?;
        }
        Ok(events)
    }

    /// The streams of a subject that are known before any stream is read.
    async fn streams_of(&self, subject: &Subject, until: i64) -> Result<Streams, PastError> {
        let mut streams = Streams::default();
        match subject {
            Subject::Username(name) => {
                let named = self.authorization().user_by_name(name);
                streams.add_user(named.ok_or(PastError::NameThen)?);
            }
            Subject::Certificate(fingerprint) => {
                for event in self.with_fingerprint(fingerprint, until).await? {
                    streams.add_user(event.aggregate_id);
                }
            }
            Subject::Token(fingerprint) => {
                let hex: String = fingerprint.iter().map(|byte| format!("{byte:02x}")).collect();
                for event in self.with_fingerprint(&hex, until).await? {
                    streams.add_session(event.aggregate_id);
                }
            }
            by_id => streams.add_subject(by_id),
        }
        Ok(streams)
    }

    /// The events that name a certificate or a token, up to a position.
    async fn with_fingerprint(&self, fingerprint: &str, until: i64) -> Result<Vec<Stored>, LedgerError> {
        let select = sql(format!(
            "SELECT {COLUMNS} FROM events WHERE position IN (SELECT position FROM event_streams \
             WHERE {WITH_FINGERPRINT} AND payload ->> 'fingerprint' = $1 AND position <= $2) ORDER BY position"
        ));
        let rows = self.db.all(select.bind(fingerprint).bind(until)).await?;
        Ok(rows.iter().map(Stored::read).collect::<Result<_, _>>()?)
    }

    /// The events of streams of one type, after a position and up to another one, in any order.
    pub(super) async fn streams(
        &self,
        aggregate_type: &'static str,
        ids: &BTreeSet<String>,
        (after, until): (i64, i64),
        interest: &Interest,
    ) -> Result<Vec<Recorded>, LedgerError> {
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        let mut events = Vec::new();
        for chunk in ids.chunks(STREAMS_AT_ONCE).take_while(|_| !interest.is_lost()) {
            if let [id] = chunk {
                events.extend(
                    self.stream((aggregate_type, id), (after, until), interest)
                        .await?,
                );
                continue;
            }
            let count = rounded(chunk.len());
            let numbered: Vec<String> = (4..4 + count).map(|number| format!("${number}")).collect();
            let select = sql(format!(
                "SELECT {COLUMNS} FROM events WHERE aggregate_type = $1 AND position > $2 AND position <= $3 \
                 AND aggregate_id IN ({})",
                numbered.join(", ")
            ));
            let select = select.bind(aggregate_type).bind(after).bind(until);
            let select = filled(chunk, count).fold(select, |select, id| select.bind(*id));
            let rows = self.db.all(select).await?;
            let stored = rows.iter().map(Stored::read).collect::<Result<Vec<_>, _>>()?;
            events.extend(open(&mut &self.db, &self.sealer, &stored).await?);
        }
        Ok(events)
    }

    /// The events of one stream after a position and up to another. It may be long, so the database reads the next page while this
    /// thread opens one.
    async fn stream(
        &self,
        (aggregate_type, id): (&'static str, &str),
        (after, until): (i64, i64),
        interest: &Interest,
    ) -> Result<Vec<Recorded>, LedgerError> {
        let select = format!(
            "SELECT {COLUMNS} FROM events WHERE aggregate_type = $1 AND aggregate_id = $2 AND sequence > $3 \
             AND position > $4 AND position <= $5 ORDER BY sequence LIMIT $6"
        );
        let page = async |sequence: i64| -> Result<Vec<Stored>, LedgerError> {
            let select = sql(select.clone())
                .bind(aggregate_type)
                .bind(id)
                .bind(sequence)
                .bind(after)
                .bind(until)
                .bind(EVENTS_AT_ONCE);
            let rows = self.db.all(select).await?;
            Ok(rows.iter().map(Stored::read).collect::<Result<_, _>>()?)
        };
        let mut events = Vec::new();
        let mut read = page(0).await?;
        loop {
            let is_full = read.len() as i64 == EVENTS_AT_ONCE && !interest.is_lost();
            let last = read.last().map_or(0, |stored| stored.sequence);
            let next = async {
                match is_full {
                    true => page(last).await,
                    false => Ok(Vec::new()),
                }
            };
            let mut db = &self.db;
            let (next, opened) = futures_util::join!(next, open(&mut db, &self.sealer, &read));
            events.extend(opened?);
            read = next?;
            if read.is_empty() {
                return Ok(events);
            }
        }
    }
}

/// Refuses a name that its user did not have after these events, which must be in order.
fn must_be_name(name: &str, events: &[Recorded]) -> Result<(), PastError> {
    match last_username(events) {
        Some(held) if *held == *name || *held == *spelling(name) => Ok(()),
        Some(_) | None => Err(PastError::NameThen),
    }
}
