//! `GET /api/events`

use axum::{Json, extract::State, response::Response};
use serde::Serialize;
use utoipa::ToSchema;

use ledger::{Filter, Stored};
use server::{App, Asks, ByPath, FreshAtStart, Query, Refusal, Refusals};

/// How many events one answer has, unless the caller asks for another number.
const USUAL: i64 = 100;
/// The most events in one answer.
const MOST: i64 = 1_000;
/// The parameters of the query.
const PARAMETERS: [&str; 5] = ["after", "limit", "aggregateType", "aggregateId", "eventType"];

/// A part of the ledger.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Events {
    /// CloudEvents 1.0 objects, in order.
    #[schema(value_type = Vec<Value>, example = json!([{
        "actor": "system", "data": {"role_id": "6d756e69-6d65-4e74-8000-000000000001", "exclusive": false},
        "datacontenttype": "application/json", "eventversion": "1", "face": "start",
        "hash": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", "id": "6", "position": 6,
        "sequence": 2, "source": "urn:uuid:0a0b0c0d-0000-4000-8000-000000000000", "specversion": "1.0",
        "subject": "user/0a0b0c0d-0000-4000-8000-000000000001", "time": "2026-01-31T12:00:00.000000Z",
        "type": "user.role_granted"
    }]))]
    events: Vec<ledger::CloudEvent>,
    /// What to pass as `after` to go on. If it is what was passed, there are no further events at the moment. An answer can have fewer events
    /// than asked for, or none, although there are further ones.
    #[schema(example = 6)]
    next: i64,
}

/// The ledger's events in order, sealed fields as ciphertext.
///
/// If only a type of aggregates or a frequent event type is given, an answer is about 50,000 positions of the ledger at most. Then go on with its
/// `next`, even if it has no events.
#[utoipa::path(get, path = "/api/events", tag = "audit",
    params(
        ("after" = Option<i64>, Query, minimum = 0, description = "Only events after this position; default 0", example = 0),
        ("limit" = Option<i64>, Query, minimum = 1, maximum = 1000, description = "How many at most, 1 to 1000; default 100", example = 100),
        ("aggregateType" = Option<String>, Query, description = "Only of this type of aggregate", example = "user"),
        ("aggregateId" = Option<String>, Query, description = "Only of this aggregate"),
        ("eventType" = Option<String>, Query, description = "Only of this type", example = "user.role_granted")
    ),
    responses(
        (status = 200, description = "Events", body = Events), Refusals
    ))]
pub(crate) async fn get_events(
    State(app): State<App>,
    asks: Asks<ByPath>,
    query: Query,
) -> Result<FreshAtStart<Response>, Refusal> {
    query.only(&PARAMETERS)?;
    let after = query.int("after")?.unwrap_or(0);
    let limit = query.int("limit")?.unwrap_or(USUAL);
    if after < 0 {
        return Err(Refusal::invalid("after must be at least 0"));
    }
    if !(1..=MOST).contains(&limit) {
        return Err(Refusal::invalid(format!("limit must be from 1 to {MOST}")));
    }
    let text = |name| Ok::<_, Refusal>(query.one(name)?.map(str::to_owned));
    let filter = Filter {
        aggregate_type: text("aggregateType")?,
        aggregate_id: text("aggregateId")?,
        event_type: text("eventType")?,
    };
    let turn = asks.turn(&app).await?;
    let read = turn.answer(async move |_| {
        let found = app.ledger().page_after(after, limit, &filter).await?;
        let events = found.events.iter();
        let events = events.map(|event: &Stored| event.cloud_event(app.ledger().id()));
        Ok(Json(Events {
            events: events.collect::<Result<_, _>>()?,
            next: found.next,
        }))
    });
    read.await
}
