//! Reads the ledger in order: pages after a position, filters, and a live tail.

use std::{sync::Arc, time::Duration};

use aggregates::Recorded;
use futures_util::{Stream, stream::try_unfold};
use projections::sql::{Boxed, Db, Read, Row, sql};

use super::{Ledger, LedgerError, Sealer, Stored, ahead::Ahead, opening::open, stored::COLUMNS};

/// How long a tail waits for a notification before it reads by itself. On Postgres, the notification of another process
/// may be missing: it is sent after the commit, so it can be lost with the process.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// How many events a tail reads at once.
const TAIL_PAGE: i64 = 1_000;

/// How many positions a page looks at if no index leads to its events.
const WINDOW: i64 = 50_000;

/// The types of events of which busy ledgers are full. The index on event types leaves them out: a reader who goes through
/// the ledger finds the next one soon.
const FREQUENT: [&str; 2] = ["session.token_issued", "user.role_granted"];

/// The condition of the index on event types, in the words of the migration. A statement must contain it to use the index.
pub(super) fn is_rare() -> String {
    format!("event_type NOT IN ('{}')", FREQUENT.join("', '"))
}

/// Whether the index on event types leaves out this type.
pub(super) fn is_frequent(event_type: &str) -> bool {
    FREQUENT.contains(&event_type)
}

/// Which events to read; a field that is `None` restricts nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Only events of this aggregate type.
    pub aggregate_type: Option<String>,
    /// Only events of this aggregate.
    pub aggregate_id: Option<String>,
    /// Only events of this event type.
    pub event_type: Option<String>,
}

impl Filter {
    /// Whether the database reads events that do not fit, since no index leads to those that do.
    fn reads_others(&self) -> bool {
        let is_of_frequent = self.event_type.as_deref().is_some_and(is_frequent);
        self.aggregate_id.is_none() && (self.aggregate_type.is_some() || is_of_frequent)
    }
}

/// A page of events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventPage {
    /// The events, in order.
    pub events: Vec<Stored>,
    /// The position after which the next page begins. If it is the position after which this page began, there are no further events.
    pub next: i64,
}

/// Up to `limit` events after `position` that fit the filter, in order; if there is an `until`, up to this position.
async fn between(
    db: &mut dyn Read,
    (position, until): (i64, Option<i64>),
    limit: i64,
    filter: &Filter,
) -> Result<Vec<Stored>, LedgerError> {
    let mut text = format!("SELECT {COLUMNS} FROM events WHERE position > $1");
    let mut number = 2;
    if until.is_some() {
        text.push_str(" AND position <= $2");
        number += 1;
    }
    let restrictions = [
        ("aggregate_type", &filter.aggregate_type),
        ("aggregate_id", &filter.aggregate_id),
        ("event_type", &filter.event_type),
    ];
    for (column, _) in restrictions.iter().filter(|(_, value)| value.is_some()) {
        text.push_str(&format!(" AND {column} = ${number}"));
        number += 1;
    }
    if filter.aggregate_id.is_some() && filter.aggregate_type.is_none() {
        // With the aggregate type, the database can use the index of streams.
        text.push_str(&format!(
            " AND aggregate_type IN ('{}')",
            aggregates::AGGREGATE_TYPES.join("', '")
        ));
    }
    if filter
        .event_type
        .as_ref()
        .is_some_and(|wanted| !is_frequent(wanted))
    {
        text.push_str(&format!(" AND {}", is_rare()));
    }
    text.push_str(&format!(" ORDER BY position LIMIT ${number}"));
    let select = restrictions
        .iter()
        .filter_map(|(_, value)| value.as_deref())
        .fold(sql(text).bind(position).bind_all(until), |select, value| {
            select.bind(value)
        })
        .bind(limit);
    read(&db.all(select).await?)
}

/// Up to `limit` events after `position` that fit the filter, in order.
pub(super) async fn after(
    db: &mut dyn Read,
    position: i64,
    limit: i64,
    filter: &Filter,
) -> Result<Vec<Stored>, LedgerError> {
    between(db, (position, None), limit, filter).await
}

/// The same, but if the database reads events that do not fit, it reads [`WINDOW`] at most.
async fn page_after(db: &Db, position: i64, limit: i64, filter: &Filter) -> Result<EventPage, LedgerError> {
    // If the head is read first, all events up to it are there when they are read.
    let until = match filter.reads_others() {
        true => Some((head(db).await?, position.saturating_add(WINDOW))),
        false => None,
    };
    let events = between(
        &mut &*db,
        (position, until.map(|(_, until)| until)),
        limit,
        filter,
    )
    .await?;
    let is_full = i64::try_from(events.len()) == Ok(limit);
    let next = match (until, events.last()) {
        (Some((head, until)), _) if !is_full && until < head => until,
        (_, Some(last)) => last.position,
        (_, None) => position,
    };
    Ok(EventPage { events, next })
}

async fn head(db: &Db) -> Result<i64, LedgerError> {
    let head = db
        .optional(sql("SELECT position FROM ledger_head WHERE id = 1"))
        .await?;
    Ok(head.map(|row| row.int(0)).transpose()?.unwrap_or_default())
}

/// Up to `limit` rows of events after `position`, in order, even rows that cannot be read as events.
pub(super) async fn rows_after(
    db: &mut dyn Read,
    position: i64,
    limit: i64,
) -> Result<Vec<Row>, LedgerError> {
    let text = format!("SELECT {COLUMNS} FROM events WHERE position > $1 ORDER BY position LIMIT $2");
    Ok(db.all(sql(text).bind(position).bind(limit)).await?)
}

/// The positions of the first and the last event that exist, whatever the head says.
pub(super) async fn ends(db: &Db) -> Result<Option<(i64, i64)>, LedgerError> {
    let ends = sql("SELECT MIN(position), MAX(position) FROM events");
    let Some(row) = db.optional(ends).await? else {
        return Ok(None);
    };
    Ok(row.int_or_null(0)?.zip(row.int_or_null(1)?))
}

/// The rows of the events after `position` and up to `until`, even rows that cannot be read as events, in pages of up to
/// `page`. The stream ends where the ledger ends. It reads over a connection of its own.
pub(super) fn rows_from(
    db: &Db,
    position: i64,
    until: i64,
    page: i64,
) -> impl Stream<Item = Result<Vec<Row>, LedgerError>> + Send + use<> {
    let from = (db.reader(), position);
    try_unfold(from, move |(mut reader, position)| async move {
        let limit = page.min(until.saturating_sub(position));
        let rows = match limit {
            ..=0 => Vec::new(),
            _ => rows_after(&mut reader, position, limit).await?,
        };
        let Some(last) = rows.last() else {
            reader.close().await;
            return Ok(None);
        };
        let position = last.int(0)?;
        Ok(Some((rows, (reader, position))))
    })
}

/// The events of some rows.
pub(super) fn read(rows: &[Row]) -> Result<Vec<Stored>, LedgerError> {
    Ok(rows.iter().map(Stored::read).collect::<Result<_, _>>()?)
}

/// All events after a position, a page at a time. While the caller uses a page, the next one is read.
#[derive(Debug)]
pub struct Pages(Ahead<Vec<Row>>);

impl Pages {
    /// The next page; `None` at the end of the ledger.
    pub async fn next(&mut self) -> Result<Option<Vec<Stored>>, LedgerError> {
        self.0.next().await?.map(|rows| read(&rows)).transpose()
    }
}

/// All events after a position with opened fields, a page at a time. While the caller uses a page, the next one is opened
/// and the one after it is read. So up to three pages are in memory.
#[derive(Debug)]
pub struct OpenedPages(Ahead<Vec<Recorded>>);

impl OpenedPages {
    pub(super) fn start(db: &Db, sealer: &Arc<Sealer>, position: i64, until: i64, page: i64) -> Self {
        let pages = Pages(Ahead::start(rows_from(db, position, until, page)));
        let state = (pages, db.clone(), Arc::clone(sealer));
        Self(Ahead::start(try_unfold(
            state,
            async |(mut pages, db, sealer)| {
                let Some(page) = pages.next().await? else {
                    return Ok(None);
                };
                let opened = open(&mut &db, &sealer, &page).await?;
                Ok(Some((opened, (pages, db, sealer))))
            },
        )))
    }

    /// The next page; `None` at the end of the ledger.
    pub async fn next(&mut self) -> Result<Option<Vec<Recorded>>, LedgerError> {
        self.0.next().await
    }
}

impl Ledger {
    /// Up to `limit` events after `position` that fit the filter, in order. Sealed fields are ciphertext.
    pub fn after<'a>(
        &'a self,
        position: i64,
        limit: i64,
        filter: &'a Filter,
    ) -> Boxed<'a, Result<Vec<Stored>, LedgerError>> {
        Box::pin(async move { after(&mut &self.db, position, limit, filter).await })
    }

    /// Up to `limit` events after `position` that fit the filter, in order. Sealed fields are ciphertext. A page may have fewer events,
    /// or none, although further ones fit: if no index leads to them, it looks at 50,000 positions and no more.
    pub fn page_after<'a>(
        &'a self,
        position: i64,
        limit: i64,
        filter: &'a Filter,
    ) -> Boxed<'a, Result<EventPage, LedgerError>> {
        Box::pin(page_after(&self.db, position, limit, filter))
    }

    /// The same events with opened fields, for projections. Never send them to a client.
    pub async fn open_events(&self, stored: &[Stored]) -> Result<Vec<Recorded>, LedgerError> {
        open(&mut &self.db, &self.sealer, stored).await
    }

    /// All events after `position` and up to `until`, in pages of up to `page`. Sealed fields are ciphertext.
    pub fn pages(&self, position: i64, until: i64, page: i64) -> Pages {
        Pages(Ahead::start(rows_from(&self.db, position, until, page)))
    }

    /// The same events with opened fields, for projections. Never send them to a client.
    pub fn opened_pages(&self, position: i64, until: i64, page: i64) -> OpenedPages {
        OpenedPages::start(&self.db, &self.sealer, position, until, page)
    }

    /// Every event after `position`, then each new event once it is committed, whichever process wrote it. No event is
    /// missing, repeated or out of order. The stream ends with the first error.
    pub fn tail(&self, position: i64) -> impl Stream<Item = Result<Stored, LedgerError>> + use<> {
        let (db, grown) = (self.db.clone(), self.grown.clone());
        let state = (db, grown, position, std::collections::VecDeque::new());
        try_unfold(state, async |(db, mut grown, mut position, mut page)| {
            loop {
                if let Some(event) = page.pop_front() {
                    let event: Stored = event;
                    position = event.position;
                    return Ok(Some((event, (db, grown, position, page))));
                }
                grown.borrow_and_update();
                page = after(&mut &db, position, TAIL_PAGE, &Filter::default())
                    .await?
                    .into();
                if page.is_empty()
                    && tokio::time::timeout(LOOK_EVERY, grown.changed())
                        .await
                        .is_ok_and(|told| told.is_err())
                {
                    return Ok(None);
                }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// If the words differ, the databases do not use the index.
    #[test]
    fn the_index_on_types_has_the_condition_of_the_statement() {
        for engine in ["postgres", "sqlite"] {
            let file = format!(
                "{}/../../migrations/{engine}/0010_narrow_ids.sql",
                env!("CARGO_MANIFEST_DIR")
            );
            let text = std::fs::read_to_string(&file).expect("the migration should be readable");
            assert!(text.contains(&format!("\nWHERE {};", is_rare())), "{file}");
        }
    }
}
