//! `GET /access/v1/changes`: what a subject gained and lost between two moments, and by which events.

use authorization::{
    Interest, Subject,
    past::{GrantChange, Grants},
};
use axum::{Json, extract::State, response::Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    evaluate::moment,
    explanation::{CauseOut, GrantOut, MomentOut, is_zero, shortened},
    wire::{At, Entity},
};
use server::{App, AsOf, Asks, ByPath, FreshAtStart, Query, Refusal, Refusals};

/// The most changes in one answer. This is also the number unless the caller asks for fewer.
const MOST: i64 = 1_000;

/// What a subject gained and lost: a page.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ChangesOut {
    subject: Entity,
    /// The changes after this moment are listed.
    from: MomentOut,
    /// The changes up to this moment are listed, or those up to `next`.
    to: MomentOut,
    /// What each event changed, in order.
    changes: Vec<ChangeOut>,
    /// The grants that count at the end of the page but did not count at its start, at most 100.
    gained: Vec<GrantOut>,
    /// If there are more than 100: how many are left out.
    #[serde(skip_serializing_if = "is_zero")]
    #[schema(required = false)]
    gained_left_out: usize,
    /// The grants that counted at the start of the page but do not count at its end, at most 100.
    lost: Vec<GrantOut>,
    /// If there are more than 100: how many are left out.
    #[serde(skip_serializing_if = "is_zero")]
    #[schema(required = false)]
    lost_left_out: usize,
    /// If there are more changes than are listed: what to pass as `from` to go on. The page ends there.
    #[schema(example = json!(null))]
    next: Option<i64>,
}

/// What one event changed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Change)]
struct ChangeOut {
    /// The event.
    by: CauseOut,
    /// At most 100 grants.
    gained: Vec<GrantOut>,
    /// If there are more than 100: how many are left out.
    #[serde(skip_serializing_if = "is_zero")]
    #[schema(required = false)]
    gained_left_out: usize,
    /// At most 100 grants.
    lost: Vec<GrantOut>,
    /// If there are more than 100: how many are left out.
    #[serde(skip_serializing_if = "is_zero")]
    #[schema(required = false)]
    lost_left_out: usize,
    /// What is put before the topics that the user publishes to, if that changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    publish_prefix: Option<PrefixChange>,
}

/// A publish prefix before and after.
#[derive(Debug, Serialize, ToSchema)]
struct PrefixChange {
    before: Option<String>,
    after: Option<String>,
}

impl From<GrantChange> for ChangeOut {
    fn from(change: GrantChange) -> Self {
        Self {
            by: CauseOut::from(&change.cause),
            gained: grants(&change.gained),
            gained_left_out: change.gained.left_out,
            lost: grants(&change.lost),
            lost_left_out: change.lost.left_out,
            publish_prefix: change.prefix.map(|prefix| {
                let [before, after] = prefix.map(|text| text.as_deref().map(shortened));
                PrefixChange { before, after }
            }),
        }
    }
}

fn grants(grants: &Grants) -> Vec<GrantOut> {
    grants.listed.iter().map(GrantOut::from).collect()
}

/// What a subject gained and lost between two moments, and by which events.
#[utoipa::path(get, path = "/access/v1/changes", tag = "access",
    params(
        ("subject" = String, Query, description = "The subject's type and id with a colon between; an id alone is a user's",
            example = "user:0a0b0c0d-0000-4000-8000-000000000001"),
        ("from" = Option<String>, Query, description = "A position or a time (RFC 3339); default before the first event"),
        ("to" = Option<String>, Query, description = "A position or a time (RFC 3339); default now"),
        ("limit" = Option<i64>, Query, minimum = 1, maximum = 1000, description = "How many changes at most, 1 to 1000; default 1000", example = 100)
    ),
    responses((status = 200, description = "The changes", body = ChangesOut, headers(("Muniment-Position" = i64, description = "The position that the answer is based on"))), Refusals))]
pub(crate) async fn get_changes(
    State(app): State<App>,
    asks: Asks<ByPath>,
    query: Query,
) -> Result<FreshAtStart<Response>, Refusal> {
    let asked = Asked::of(&query)?;
    let turn = asks.turn(&app).await?;
    let answer = turn.answer(async move |interest| asked.answer(&app, &interest).await);
    answer.await
}

/// What a request asks.
struct Asked {
    kind: String,
    id: String,
    subject: Subject,
    from: At,
    to: Option<At>,
    limit: usize,
}

impl Asked {
    fn of(query: &Query) -> Result<Self, Refusal> {
        query.only(&["subject", "from", "to", "limit"])?;
        let text = query
            .one("subject")?
            .ok_or_else(|| Refusal::invalid("subject is missing"))?;
        let (kind, id) = text.split_once(':').unwrap_or(("user", text));
        let subject = Subject::parse(kind, id).map_err(|_| {
            Refusal::invalid(
                "subject must be one of the subject types, a colon and an id, such as username:ada",
            )
        })?;
        if kind == "token" && !(id.len() == 64 && id.bytes().all(|byte| byte.is_ascii_hexdigit())) {
            let message = "a token does not belong in a URL: name it by its SHA-256 in hexadecimal";
            return Err(Refusal::invalid(message));
        }
        let limit = query.int("limit")?.unwrap_or(MOST);
        if !(1..=MOST).contains(&limit) {
            return Err(Refusal::invalid(format!("limit must be from 1 to {MOST}")));
        }
        let at = |name: &str| {
            let text = query.one(name)?;
            Ok::<_, Refusal>(text.map(|text| {
                text.parse()
                    .map_or_else(|_| At::Time(text.to_owned()), At::Position)
            }))
        };
        Ok(Self {
            kind: kind.to_owned(),
            id: id.to_owned(),
            subject,
            from: at("from")?.unwrap_or(At::Position(0)),
            to: at("to")?,
            limit: usize::try_from(limit).unwrap_or_default(),
        })
    }

    async fn answer(&self, app: &App, interest: &Interest) -> Result<AsOf<Json<ChangesOut>>, Refusal> {
        let from = moment(app, &self.from).await?;
        let to = match &self.to {
            Some(to) => moment(app, to).await?,
            None => app.ledger().moment_now(app.clock.now()),
        };
        if from.position > to.position {
            return Err(Refusal::invalid("from must not be after to"));
        }
        let ledger = app.ledger();
        let changes = ledger
            .changes(&self.subject, from, to, self.limit, interest)
            .await?;
        let out = ChangesOut {
            subject: Entity::new(&self.kind, &self.id),
            from: from.into(),
            to: to.into(),
            gained: grants(&changes.gained),
            gained_left_out: changes.gained.left_out,
            lost: grants(&changes.lost),
            lost_left_out: changes.lost.left_out,
            changes: changes.changes.into_iter().map(ChangeOut::from).collect(),
            next: changes.next,
        };
        Ok(AsOf(to.position, Json(out)))
    }
}
