//! `POST /access/v1/dry-run`: what a request would change about a role or a user. The request is not executed.

use std::{collections::BTreeSet, sync::Arc};

use aggregates::{
    Command,
    values::{Operation, UserId},
};
use authorization::{Affected, Effect, Interest, Limits, MODEL, PageStart, Right, Subject};
use axum::{Json, extract::State};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    search::page::{PageIn, PageOut, Paging},
    wire::Entity,
};
use ledger::{NewEvent, Rehearsed};
use server::{
    App, AsOf, Asks, Caller, Conflicts, FreshAtStart, JsonBody, Missing, ReadOnPath, Refusal, Refusals,
    Rehearsing,
};

/// How many holders of a role one page looks at, at most.
const MOST_LOOKS: usize = 50_000;
/// After how many rights a page ends.
const MOST_RIGHTS: usize = 50_000;
/// How often the rehearsal is tried again if other clients write meanwhile. It should be about one position.
const TRIES: usize = 3;

/// A request as a client is about to send it.
#[derive(Deserialize, ToSchema)]
#[schema(example = json!({
    "method": "PUT", "path": "/api/roles/6d756e69-6d65-4e74-8000-000000000002",
    "body": {"permissions": [{"resource": "plant/+/state", "operation": "read", "context": "mqtt"}]},
    "page": {"limit": 100}
}))]
pub(crate) struct DryRun {
    /// `POST`, `PUT` or `DELETE`.
    method: String,
    /// `/api/roles`, `/api/roles/{id}`, `/api/users`, `/api/users/{id}`, or that of a role's permissions or a user's
    /// roles.
    path: String,
    /// As it would be sent.
    #[serde(default, deserialize_with = "sent")]
    #[schema(value_type = Option<Object>)]
    body: Option<Box<RawValue>>,
    /// Which page.
    page: Option<PageIn>,
}

/// What would happen.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DryRunOut {
    page: PageOut,
    /// Where the ledger ended when it was told.
    #[schema(example = 42)]
    position: i64,
    /// The events that would be recorded, in order; the same on each page.
    would_record: Vec<EventOut>,
    /// Who would gain and lose what: first the role or the user themselves, then each holder of the role for whom
    /// anything would change.
    changes: Vec<EffectOut>,
}

/// An event that would be recorded.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ForetoldEvent)]
struct EventOut {
    /// Its type.
    #[serde(rename = "type")]
    #[schema(example = "role.permission_added")]
    kind: &'static str,
    /// What would happen to what; `role` or `user` alone if it would be made, since ids are given then.
    #[schema(example = "role/6d756e69-6d65-4e74-8000-000000000002")]
    subject: String,
}

/// What would change for one subject.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Effect)]
struct EffectOut {
    /// A `role` or a `user` by id; by name what would be made: a `role_name` or a `username`.
    subject: Entity,
    /// Rights that no single grant covers now, and one would.
    gained: Vec<RightOut>,
    /// Rights that a grant covers now, and no single one would.
    lost: Vec<RightOut>,
    /// What is put before the topics that the user publishes to, if that would change.
    #[serde(skip_serializing_if = "Option::is_none")]
    publish_prefix: Option<PrefixOut>,
}

/// A right, and where it comes from.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Right)]
struct RightOut {
    permission: RightPermission,
    /// The role that gives it; absent if it is the user's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<RightRole>,
}

/// What a right allows.
#[derive(Debug, Serialize, ToSchema)]
struct RightPermission {
    /// `http` or `mqtt`.
    #[schema(example = "mqtt")]
    context: &'static str,
    /// `read`, `write` or `readWrite`.
    #[schema(example = "write")]
    operation: &'static str,
    /// A pattern: `+` is one level, `#` the rest.
    #[schema(example = "plant/+/valve/#")]
    resource: String,
}

/// A role that gives a right.
#[derive(Debug, Serialize, ToSchema)]
struct RightRole {
    /// Absent if the role would be made.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    name: String,
}

/// A publish prefix before and after.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ForetoldPrefix)]
struct PrefixOut {
    before: Option<String>,
    after: Option<String>,
}

/// What a request to change a role or a user would change: who would gain and lose what. Nothing is changed. What would
/// be refused is refused with the same status and body.
#[utoipa::path(post, path = "/access/v1/dry-run", tag = "access", params(server::AtLeast), request_body = DryRun,
    responses((status = 200, description = "What would happen", body = DryRunOut), Refusals, Missing, Conflicts))]
pub(crate) async fn post_dry_run(
    State(app): State<App>,
    asks: Asks<ReadOnPath>,
    JsonBody(request): JsonBody<DryRun>,
) -> Result<FreshAtStart<AsOf<Json<DryRunOut>>>, Refusal> {
    let rehearsing = app.rehearsing(&request.method, &request.path);
    let paging = request.paging(rehearsing.as_ref())?;
    let from = paging.after(place)?.unwrap_or(PageStart::Named(0));
    app.ledger().follower().catch_up().await?;
    let rehearsing = rehearsing.ok_or_else(|| app.cannot_be_rehearsed())?;
    let commands = rehearsing.commands(&app, request.body()).await?;
    let limit = paging.limit;
    // Callers who may make the request also learn whether they may give what it gives.
    let caller = asks.caller();
    let caller = caller
        .may(&app, Operation::Write, &request.path)
        .then(|| caller.clone());
    // This may look at many holders.
    let turn = asks.turn(&app).await?;
    let told = turn.run(async move |interest| {
        let asked = Asked {
            caller: caller.as_ref(),
            commands: &commands,
            from,
            limit,
        };
        tell(&app, asked, &interest).await
    });
    let (rehearsed, effects, next) = told.await??;
    let next = next.map(token);
    let out = DryRunOut {
        page: paging.ended(effects.len(), next.as_deref()),
        position: rehearsed.position,
        would_record: events(&rehearsed.events),
        changes: effects.into_iter().map(EffectOut::from).collect(),
    };
    Ok(FreshAtStart(AsOf(out.position, Json(out))))
}

impl DryRun {
    /// The body. It is empty if the request has no body.
    fn body(&self) -> &str {
        self.body.as_deref().map_or("", RawValue::get)
    }

    fn paging(&self, rehearsing: Option<&Rehearsing<'_>>) -> Result<Paging, Refusal> {
        // The token must not reveal anything about a body that may hold a password.
        let comparable = rehearsing.is_some_and(Rehearsing::is_comparable);
        let body = if comparable { self.body() } else { "" };
        self.page
            .clone()
            .unwrap_or_default()
            .paging(&["dry-run", &self.method, &self.path, body])
    }
}

/// What a dry run is asked.
struct Asked<'a> {
    /// The caller, if they may make the request.
    caller: Option<&'a Caller>,
    commands: &'a [Command],
    from: PageStart,
    limit: usize,
}

/// Rehearses the commands, and predicts what their events would change. All of the answer is about one position, unless
/// other clients keep writing.
async fn tell(
    app: &App,
    asked: Asked<'_>,
    interest: &Interest,
) -> Result<(Rehearsed, Vec<Effect>, Option<PageStart>), Refusal> {
    let most = Limits {
        effects: asked.limit,
        rights: MOST_RIGHTS,
        looks: MOST_LOOKS,
    };
    let mut tries = 1;
    loop {
        let rehearsed = match asked.caller {
            Some(caller) => caller.rehearse(app, asked.commands, |_| None::<&str>).await?,
            None => app.executor.rehearse(asked.commands).await?,
        };
        app.ledger().follower().catch_up().await?;
        let authorization = app.ledger().authorization();
        let events = rehearsed.events.iter();
        let events = events.map(|new| (new.aggregate_id.as_str(), &new.event));
        let (effects, next) = authorization.what_if(events).page(asked.from, most, interest);
        if authorization.position() == rehearsed.position || tries == TRIES {
            return Ok((rehearsed, effects, next));
        }
        tries += 1;
    }
}

/// The events, without the ids that exist only in this rehearsal.
fn events(events: &[NewEvent]) -> Vec<EventOut> {
    let begun = events.iter().filter(|new| new.sequence == 1);
    let begun: BTreeSet<&str> = begun.map(|new| new.aggregate_id.as_str()).collect();
    let told = |new: &NewEvent| {
        let kind = new.event.aggregate_type();
        EventOut {
            kind: new.event.event_type(),
            subject: match begun.contains(new.aggregate_id.as_str()) {
                true => kind.to_owned(),
                false => format!("{kind}/{}", new.aggregate_id),
            },
        }
    };
    events.iter().map(told).collect()
}

impl From<Effect> for EffectOut {
    fn from(effect: Effect) -> Self {
        let (kind, id) = match effect.on {
            Affected::Role(id) => ("role", id.to_string()),
            Affected::NewRole(_, name) => ("role_name", name.to_string()),
            Affected::User(id) => ("user", id.to_string()),
            Affected::NewUser(_, name) => ("username", name),
            Affected::Machine(machine) => (machine.kind.subject_type, machine.id.to_string()),
            // A new machine has no name, and its id does not exist yet.
            Affected::NewMachine(machine) => (machine.kind.subject_type, String::new()),
        };
        let rights = |rights: Vec<Right>| rights.into_iter().map(RightOut::from).collect();
        let text = |text: Option<Arc<str>>| text.map(|text| text.to_string());
        Self {
            subject: Entity::new(kind, id),
            gained: rights(effect.gained),
            lost: rights(effect.lost),
            publish_prefix: effect.prefix.map(|[before, after]| PrefixOut {
                before: text(before),
                after: text(after),
            }),
        }
    }
}

impl From<Right> for RightOut {
    fn from(right: Right) -> Self {
        Self {
            permission: RightPermission {
                context: MODEL.space_of(right.context, &right.resource),
                operation: right.operation.as_str(),
                resource: right.resource.to_string(),
            },
            role: right.through.map(|through| RightRole {
                id: through.id.map(|id| id.to_string()),
                name: through.name.to_string(),
            }),
        }
    }
}

/// The text of a page's token.
fn token(place: PageStart) -> Vec<u8> {
    match place {
        PageStart::Named(count) => count.to_be_bytes().to_vec(),
        PageStart::Holder(user) => user.0.as_bytes().to_vec(),
        PageStart::Machine(machine) => [machine.id.as_bytes(), machine.kind.subject_type.as_bytes()].concat(),
    }
}

/// Reads what [`token`] wrote. The three forms have different lengths.
fn place(token: &[u8]) -> Option<PageStart> {
    if let Ok(count) = token.try_into() {
        return Some(PageStart::Named(u32::from_be_bytes(count)));
    }
    let (id, kind) = token.split_at_checked(16)?;
    let id = Uuid::from_slice(id).ok()?;
    if kind.is_empty() {
        return Some(PageStart::Holder(UserId(id)));
    }
    match Subject::parse(std::str::from_utf8(kind).ok()?, &id.to_string()) {
        Ok(Subject::Machine(machine)) => Some(PageStart::Machine(machine)),
        Ok(_) | Err(_) => None,
    }
}

/// Distinguishes a body that is `null` from one that is absent.
fn sent<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Box<RawValue>>, D::Error> {
    Box::<RawValue>::deserialize(deserializer).map(Some)
}
