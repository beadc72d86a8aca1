//! Reads the ledger in order: pages after a position, filters, and a live tail.

use std::time::Duration;

use aggregates::Recorded;
use cqrs_es::persist::SerializedEvent;
use futures_util::Stream;
use projections::sql::{Boxed, Db, Read, Row, sql};
use serde_json::Value;

use super::{Ledger, LedgerError, Sealer, Stored, seal::EventName, stored::COLUMNS};

/// How long a tail waits for a notification before it reads by itself. On Postgres, the notification of another process
/// may be missing: it is sent after the commit, so it can be lost with the process.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// How many events a tail reads at once.
const TAIL_PAGE: i64 = 1_000;

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

/// Up to `limit` events after `position` that fit the filter, in order.
pub(super) async fn after(
    db: &mut impl Read,
    position: i64,
    limit: i64,
    filter: &Filter,
) -> Result<Vec<Stored>, LedgerError> {
    let mut text = format!("SELECT {COLUMNS} FROM events WHERE position > $1");
    let mut number = 2;
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
    text.push_str(&format!(" ORDER BY position LIMIT ${number}"));
    let select = restrictions
        .iter()
        .filter_map(|(_, value)| value.as_deref())
        .fold(sql(text).bind(position), |select, value| select.bind(value))
        .bind(limit);
    let rows = db.all(select).await?;
    Ok(rows.iter().map(Stored::read).collect::<Result<_, _>>()?)
}

/// Up to `limit` rows of events after `position`, in order, even rows that cannot be read as events.
pub(super) async fn rows_after(db: &Db, position: i64, limit: i64) -> Result<Vec<Row>, LedgerError> {
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

/// Opens the sealed fields of stored events, for projections.
pub(super) async fn open(
    db: &mut impl Read,
    sealer: &Sealer,
    stored: &[Stored],
) -> Result<Vec<Recorded>, LedgerError> {
    let unreadable = |position: i64, reason: String| LedgerError::Unreadable { position, reason };
    let mut payloads = stored
        .iter()
        .map(|event| {
            serde_json::from_str(&event.payload).map_err(|e| unreadable(event.position, e.to_string()))
        })
        .collect::<Result<Vec<Value>, _>>()?;
    let keys = sealer.keys_to_open(db, &payloads).await?;
    stored
        .iter()
        .zip(&mut payloads)
        .map(|(event, payload)| {
            let name = EventName {
                aggregate_type: &event.aggregate_type,
                aggregate_id: &event.aggregate_id,
                sequence: event.sequence,
                event_type: &event.event_type,
            };
            sealer.open_payload(&name, payload, &keys)?;
            let actor = serde_json::from_str::<Actor>(&event.metadata)
                .map_err(|error| unreadable(event.position, error.to_string()))?;
            let newest = aggregates::upcast(SerializedEvent::new(
                event.aggregate_id.clone(),
                usize::try_from(event.sequence).unwrap_or_default(),
                event.aggregate_type.clone(),
                event.event_type.clone(),
                event.event_version.clone(),
                payload.take(),
                Value::Null,
            ));
            let read =
                aggregates::Event::from_stored(&newest.aggregate_type, &newest.event_type, newest.payload)
                    .map_err(|error| unreadable(event.position, error.to_string()))?;
            Ok(Recorded {
                position: event.position,
                aggregate_id: event.aggregate_id.clone(),
                sequence: event.sequence,
                recorded_at: event.recorded_at,
                actor: actor.actor,
                event: read,
            })
        })
        .collect()
}

#[derive(serde::Deserialize)]
struct Actor {
    actor: String,
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

    /// The same events with opened fields, for projections. Never send them to a client.
    pub async fn open_events(&self, stored: &[Stored]) -> Result<Vec<Recorded>, LedgerError> {
        open(&mut &self.db, &self.sealer, stored).await
    }

    /// Every event after `position`, then each new event once it is committed, whichever process wrote it. No event is
    /// missing, repeated or out of order. The stream ends with the first error.
    pub fn tail(&self, position: i64) -> impl Stream<Item = Result<Stored, LedgerError>> + use<> {
        let (db, grown) = (self.db.clone(), self.grown.clone());
        let state = (db, grown, position, std::collections::VecDeque::new());
        futures_util::stream::try_unfold(state, async |(db, mut grown, mut position, mut page)| {
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
