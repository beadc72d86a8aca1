//! `GET /api/audit`

use aggregates::values::Timestamp;
use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use serde::Serialize;
use utoipa::ToSchema;

use ledger::audit::{Actor, Cursor, Done, Filter, Item, Kept, Kind, Names, Outcome, Page};
use server::{App, Asks, AtLeast, ByPath, Query, Refusal, Refusals, organisations::things_of};

/// How many items one answer has, unless the caller asks for another number.
const USUAL: i64 = 100;
/// The most items in one answer.
const MOST: i64 = 1_000;
/// The parameters of the query.
const PARAMETERS: [&str; 9] = [
    "after",
    "limit",
    "actor",
    "object",
    "organisation",
    "from",
    "to",
    "kind",
    "outcome",
];
/// What stands in place of personal data in a row that was changed in the database.
const ALTERED: &str = "[altered]";

/// A part of the trail.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Trail {
    /// The newest first.
    items: Vec<AuditItem>,
    /// What to pass as `after` for the page after this one. Absent at the end. A page may have fewer items than asked for, or none at all,
    /// although it has a `next`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "AAAAAAAAAAcABkhH5Yr4AAAAAAAAAAAAAAAAAAAAAAA")]
    next: Option<String>,
}

/// Something that was done, or refusals of one minute that do not differ. What is unknown, or does not apply, is `null`.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({
    "time": "2026-01-31T12:00:00.000000Z", "lastTime": "2026-01-31T12:00:41.000000Z", "outcome": "refused", "kind": "login.refused",
    "reason": "wrong_password", "actor": "0a0b0c0d-0000-4000-8000-000000000001", "object": "0a0b0c0d-0000-4000-8000-000000000001",
    "objectType": "user", "name": "ada", "address": "192.0.2.7", "method": "POST", "path": "/api/login",
    "detail": "the username or the password is wrong", "count": 12, "position": null
}))]
pub(crate) struct AuditItem {
    /// The time of the event, or of the first refusal.
    #[schema(value_type = String, format = "date-time")]
    time: Timestamp,
    /// The time of the last refusal.
    #[schema(value_type = Option<String>, format = "date-time")]
    last_time: Option<Timestamp>,
    /// `success` or `refused`.
    outcome: &'static str,
    /// The event type, or `login.refused`, `password.refused`, `second_factor.refused`, `credential.refused`, `permission.refused` or `refusals.lost`.
    kind: String,
    /// A code that says why it was refused.
    reason: Option<String>,
    /// Who did it: a user's id, or `system`. For a refused login or credential: the user whom the caller claimed to be.
    actor: Option<String>,
    /// The id of the user, role or session that it is about.
    object: Option<String>,
    /// The type of the object: `user`, `role`, ...
    object_type: Option<String>,
    /// The name that was typed; `[erased]` once its key is deleted.
    name: Option<String>,
    /// The address from which the refused request came; `[erased]` once its key is deleted.
    address: Option<String>,
    /// The method of the refused request.
    method: Option<String>,
    /// The path of the refused request, with its parameters in braces. `null` if there were too many refusals in one minute, or if a
    /// credential belongs to no user: then the item counts refusals with different names or paths.
    path: Option<String>,
    /// The message that the caller saw; `[erased]` once its key is deleted.
    detail: Option<String>,
    /// How many refusals the item counts; 1 for an event.
    count: i64,
    /// The position of the event. `GET /api/events?after={position - 1}&limit=1` has its data.
    position: Option<i64>,
}

impl From<Done> for AuditItem {
    fn from(done: Done) -> Self {
        Self {
            time: done.recorded_at,
            last_time: None,
            outcome: "success",
            kind: done.event_type,
            reason: None,
            actor: Some(done.actor),
            object: Some(done.aggregate_id),
            object_type: Some(done.aggregate_type),
            name: None,
            address: None,
            method: None,
            path: None,
            detail: None,
            count: 1,
            position: Some(done.position),
        }
    }
}

impl From<Kept> for AuditItem {
    fn from(kept: Kept) -> Self {
        let [name, address, detail] = match kept.names {
            Names::Known {
                name,
                address,
                detail,
            } => [name, address, detail],
            Names::Erased(erased) => [erased; 3].map(|text| Some(text.to_owned())),
            Names::Altered => [ALTERED; 3].map(|text| Some(text.to_owned())),
        };
        Self {
            time: kept.first,
            last_time: Some(kept.last),
            outcome: "refused",
            kind: kept.kind,
            reason: Some(kept.reason),
            actor: kept.actor.map(|id| id.to_string()),
            object: kept.object.map(|id| id.to_string()),
            object_type: kept.object_type,
            name,
            address,
            method: kept.method,
            path: kept.path,
            detail,
            count: kept.times,
            position: None,
        }
    }
}

/// What was done and what was refused, newest first.
///
/// What was done to an organisation, or refused about it, is what was done to its groups, applications, API keys and members, too, as they are
/// now.
#[utoipa::path(get, path = "/api/audit", tag = "audit",
    params(
        ("after" = Option<String>, Query, description = "Go on after a page: its `next`"),
        ("limit" = Option<i64>, Query, minimum = 1, maximum = 1000, description = "How many items at most, 1 to 1000; default 100", example = 100),
        ("actor" = Option<String>, Query, description = "Only what this user did or was refused: an id, or `system`"),
        ("object" = Option<String>, Query, format = "uuid", description = "Only what was done to this user, role or session, or refused about it: an id"),
        ("organisation" = Option<String>, Query, format = "uuid", description = "Only what was done to this organisation of OS2iot, or to what is in it now, or refused about that: an id"),
        ("from" = Option<String>, Query, format = "date-time", description = "Only from this time on. Refusals that are one item fit if the last of them does (`lastTime`)"),
        ("to" = Option<String>, Query, format = "date-time", description = "Only before this time. Refusals that are one item fit if the first of them does (`time`)"),
        ("kind" = Option<String>, Query, description = "Only of this kind: an event type, or a kind of refusals", example = "login.refused"),
        ("outcome" = Option<String>, Query, description = "Only `success` or only `refused`", example = "refused"),
        AtLeast
    ),
    responses((status = 200, description = "A page of the trail", body = Trail), Refusals))]
pub(crate) async fn get_audit(
    State(app): State<App>,
    asks: Asks<ByPath>,
    query: Query,
) -> Result<Response, Refusal> {
    query.only(&PARAMETERS)?;
    let limit = query.int("limit")?.unwrap_or(USUAL);
    if !(1..=MOST).contains(&limit) {
        return Err(Refusal::invalid(format!("limit must be from 1 to {MOST}")));
    }
    let after = read(&query, "after", "the next of a page", Cursor::parse)?;
    let mut filter = filter(&query)?;
    let organisation = read(&query, "organisation", "an id", id)?;
    let limit = usize::try_from(limit).unwrap_or_default();
    if organisation.is_none() && !filter.examines_many() {
        let page = app.ledger().audit(&filter, after, limit).await?;
        return Ok(Json(Trail::from(page)).into_response());
    }
    let turn = asks.turn(&app).await?;
    let answer = turn.answer(async move |_| {
        if let Some(organisation) = organisation {
            filter.within = Some(things_of(&app, organisation).await?);
        }
        let page = app.ledger().audit(&filter, after, limit).await?;
        Ok(Json(Trail::from(page)))
    });
    Ok(answer.await?.into_response())
}

impl From<Page> for Trail {
    fn from(page: Page) -> Self {
        let items = page.items.into_iter().map(|item| match item {
            Item::Done(done) => done.into(),
            Item::Refused(kept) => (*kept).into(),
        });
        Self {
            items: items.collect(),
            next: page.next.map(Cursor::to_text),
        }
    }
}

fn filter(query: &Query) -> Result<Filter, Refusal> {
    let time = |text: &str| Timestamp::parse(text).ok();
    let time_of = |name| {
        read(
            query,
            name,
            "a time as in RFC 3339, e.g. 2026-01-31T12:00:00Z",
            time,
        )
    };
    let outcome = |text: &str| match text {
        "success" => Some(Outcome::Success),
        "refused" => Some(Outcome::Refused),
        _ => None,
    };
    Ok(Filter {
        actor: read(query, "actor", "a user's id, or system", Actor::parse)?,
        object: read(query, "object", "an id", id)?,
        within: None,
        kind: read(query, "kind", "an event type, or a kind of refusals", Kind::parse)?,
        outcome: read(query, "outcome", "success or refused", outcome)?,
        from: time_of("from")?,
        to: time_of("to")?,
    })
}

fn id(text: &str) -> Option<uuid::Uuid> {
    uuid::Uuid::try_parse(text).ok()
}

/// The value of a parameter that may be absent.
fn read<T>(
    query: &Query,
    name: &str,
    rule: &str,
    value: impl Fn(&str) -> Option<T>,
) -> Result<Option<T>, Refusal> {
    let Some(text) = query.one(name)? else {
        return Ok(None);
    };
    let value = value(text).ok_or_else(|| Refusal::invalid(format!("{name} must be {rule}")))?;
    Ok(Some(value))
}
