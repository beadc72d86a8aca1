//! The ledger as an event repository of cqrs-es. postgres-es loads the streams of Postgres, and the appender persists
//! events.

use std::collections::HashMap;

use aggregates::{Event, State, WrongAggregate};
use cqrs_es::{
    Aggregate,
    persist::{
        PersistedEventRepository, PersistenceError, ReplayStream, SerializedEvent, SerializedSnapshot,
    },
};
use postgres_es::PostgresEventRepository;
use projections::sql::{Db, Row, sql};
use serde_json::Value;

use super::{AppendError, Ledger, LedgerError, Metadata, NewEvent, Rejection, Unit, seal::EventName};

/// The view that postgres-es reads. The second name is for snapshots, which are not used.
const TABLES: (&str, &str) = ("event_streams", "snapshots");

/// Loads streams and persists events for cqrs-es. It neither reads nor writes snapshots.
pub struct Repository {
    ledger: Ledger,
    streams: Streams,
}

/// Loads streams. This file reads the streams of SQLite itself: sqlite-es would switch on the default features of sqlx.
/// Cargo would then compile sqlx, tokio and rustls a second time for the macros of sqlx.
enum Streams {
    Postgres(PostgresEventRepository),
    Sqlite(Db),
}

impl Streams {
    /// The events of a stream after this sequence, in order.
    async fn after<A: Aggregate>(
        &self,
        id: &str,
        sequence: usize,
    ) -> Result<Vec<SerializedEvent>, PersistenceError> {
        match self {
            Self::Postgres(streams) if sequence == 0 => streams.get_events::<A>(id).await,
            Self::Postgres(streams) => streams.get_last_events::<A>(id, sequence).await,
            Self::Sqlite(db) => {
                let select = sql(
                    "SELECT aggregate_id, sequence, event_type, event_version, payload, metadata FROM events \
                     WHERE aggregate_type = $1 AND aggregate_id = $2 AND sequence > $3 ORDER BY sequence",
                );
                let after = i64::try_from(sequence).unwrap_or(i64::MAX);
                let rows = db.all(select.bind(A::TYPE).bind(id).bind(after)).await;
                let rows = rows.map_err(|error| unreadable(error.into()))?;
                rows.iter().map(serialized::<A>).collect()
            }
        }
    }
}

/// The event of a row.
fn serialized<A: Aggregate>(row: &Row) -> Result<SerializedEvent, PersistenceError> {
    let text = |column| row.text(column).map_err(|error| unreadable(error.into()));
    let sequence = row.int(1).map_err(|error| unreadable(error.into()))?;
    Ok(SerializedEvent {
        aggregate_id: text(0)?,
        sequence: usize::try_from(sequence).unwrap_or(0),
        aggregate_type: A::TYPE.to_owned(),
        event_type: text(2)?,
        event_version: text(3)?,
        payload: serde_json::from_str(&text(4)?)?,
        metadata: serde_json::from_str(&text(5)?)?,
    })
}

impl Repository {
    pub(super) fn new(ledger: Ledger) -> Self {
        let streams = match ledger.db() {
            Db::Postgres(servers) => Streams::Postgres(
                PostgresEventRepository::new(servers.pool()).with_tables(TABLES.0, TABLES.1),
            ),
            db @ Db::Sqlite { .. } => Streams::Sqlite(db.clone()),
        };
        Self { ledger, streams }
    }

    /// Unseals and upcasts the events, and puts the type name beside the payload, as cqrs-es needs it.
    async fn open(&self, mut events: Vec<SerializedEvent>) -> Result<Vec<SerializedEvent>, PersistenceError> {
        let sealer = self.ledger.sealer();
        let keys = sealer
            .keys_to_open(&mut self.ledger.db(), events.iter().map(|event| &event.payload))
            .await
            .map_err(unreadable)?;
        for event in &mut events {
            let name = EventName {
                aggregate_type: &event.aggregate_type,
                aggregate_id: &event.aggregate_id,
                sequence: sequence(event.sequence),
                event_type: &event.event_type,
            };
            sealer
                .open_payload(&name, &mut event.payload, &keys)
                .map_err(unreadable)?;
        }
        Ok(events
            .into_iter()
            .map(aggregates::upcast)
            .map(|mut event| {
                event.payload = aggregates::event::tag(&event.event_type, event.payload);
                event
            })
            .collect())
    }
}

impl PersistedEventRepository for Repository {
    async fn get_events<A: Aggregate>(&self, id: &str) -> Result<Vec<SerializedEvent>, PersistenceError> {
        self.open(self.streams.after::<A>(id, 0).await?).await
    }

    async fn get_last_events<A: Aggregate>(
        &self,
        id: &str,
        last_sequence: usize,
    ) -> Result<Vec<SerializedEvent>, PersistenceError> {
        self.open(self.streams.after::<A>(id, last_sequence).await?).await
    }

    async fn get_snapshot<A: Aggregate>(
        &self,
        _: &str,
    ) -> Result<Option<SerializedSnapshot>, PersistenceError> {
        Ok(None)
    }

    /// Appends through the ledger, with the claims that follow from the events.
    async fn persist<A: Aggregate>(
        &self,
        events: &[SerializedEvent],
        _snapshot: Option<(String, Value, usize)>,
    ) -> Result<(), PersistenceError> {
        let Some(first) = events.first() else {
            return Ok(());
        };
        let (id, metadata) = (first.aggregate_id.as_str(), metadata_of(first)?);
        let new = events
            .iter()
            .map(|event| {
                let payload = aggregates::event::untag(event.payload.clone());
                Event::from_stored(&event.aggregate_type, &event.event_type, payload)
                    .map(|read| (sequence(event.sequence), read))
                    .map_err(|error| PersistenceError::DeserializationError(Box::new(error)))
            })
            .collect::<Result<Vec<_>, _>>()?;
        let mut state = State::first(A::TYPE).ok_or_else(|| {
            PersistenceError::UnknownError(format!("unknown aggregate type {}", A::TYPE).into())
        })?;
        for event in self.get_events::<A>(id).await? {
            let read = Event::from_stored(
                A::TYPE,
                &event.event_type,
                aggregates::event::untag(event.payload),
            )
            .map_err(|error| PersistenceError::DeserializationError(Box::new(error)))?;
            state.apply(read).map_err(misfit)?;
        }
        let mut unit = Unit::new(metadata);
        let before = state.claimed(id);
        for (sequence, event) in new {
            state.apply(event.clone()).map_err(misfit)?;
            unit.events.push(NewEvent {
                aggregate_id: id.to_owned(),
                sequence,
                event,
            });
        }
        unit.claim_difference(id, &before, &state.claimed(id));
        match self.ledger.append(unit).await {
            Ok(_) => Ok(()),
            Err(AppendError::Rejected(Rejection::Conflict { .. })) => {
                Err(PersistenceError::OptimisticLockError)
            }
            Err(AppendError::Rejected(rejection)) => Err(PersistenceError::UnknownError(Box::new(rejection))),
            Err(error @ AppendError::Unavailable(_)) => {
                Err(PersistenceError::ConnectionError(Box::new(error)))
            }
        }
    }

    async fn stream_events<A: Aggregate>(&self, id: &str) -> Result<ReplayStream, PersistenceError> {
        let events = self.get_events::<A>(id).await?;
        let (mut feed, stream) = ReplayStream::new(events.len().max(1));
        for event in events {
            feed.push(Ok(event)).await?;
        }
        Ok(stream)
    }

    /// Not supported: the feed reads the whole ledger in order ([`Ledger::after`], [`Ledger::tail`]).
    async fn stream_all_events<A: Aggregate>(&self) -> Result<ReplayStream, PersistenceError> {
        Err(PersistenceError::UnknownError(
            "read the ledger's feed instead".into(),
        ))
    }
}

fn metadata_of(event: &SerializedEvent) -> Result<Metadata, PersistenceError> {
    let given: HashMap<String, String> = serde_json::from_value(event.metadata.clone())?;
    let get = |name: &str| given.get(name).cloned();
    Ok(Metadata {
        actor: get("actor").unwrap_or_else(|| Metadata::SYSTEM.to_owned()),
        onbehalfof: get("onbehalfof"),
        face: get("face").unwrap_or_else(|| "start".to_owned()),
        requestid: get("requestid"),
        correlationid: get("correlationid"),
        causationid: get("causationid"),
        address: get("address"),
    })
}

fn misfit(error: WrongAggregate) -> PersistenceError {
    PersistenceError::DeserializationError(Box::new(error))
}

fn sequence(sequence: usize) -> i64 {
    i64::try_from(sequence).unwrap_or(i64::MAX)
}

fn unreadable(error: LedgerError) -> PersistenceError {
    match error {
        LedgerError::Database(error) => PersistenceError::ConnectionError(Box::new(error)),
        other => PersistenceError::DeserializationError(Box::new(other)),
    }
}
