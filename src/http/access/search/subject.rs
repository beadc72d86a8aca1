//! `POST /access/v1/search/subject`: the Subject Search API (AuthZEN Authorization API 1.0 section 8.4).

use std::sync::Arc;

use aggregates::values::{RoleId, Timestamp, UserId};
use authorization::{Authorization, Impossible, Inquiry, Interest, MODEL, Search, SubjectType, past::Moment};
use axum::{Json, extract::State, response::Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::page::{PageIn, PageOut, Paging};
use crate::{
    evaluate::moment,
    properties::Skipped,
    wire::{Action, At, ContextIn, Entity},
};
use server::{App, AsOf, Asks, ExactJson, FreshAtStart, ReadOnPath, Refusal, Refusals};

/// Who may do an action on a resource?
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({
    "subject": {"type": "user"},
    "action": {"name": "write"},
    "resource": {"type": "mqtt", "id": "plant/7/valve/3"},
    "page": {"limit": 100}
}))]
pub(crate) struct SubjectSearch {
    /// Of which type. An id is passed over.
    subject: SubjectTypeIn,
    /// Does what.
    action: Action,
    /// To what.
    resource: Entity,
    /// As of when. The past of everybody is read from the ledger: it may take a while, and until then it is a 503.
    context: Option<ContextIn>,
    /// Which page.
    page: Option<PageIn>,
}

/// A type of subjects.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = SubjectType)]
struct SubjectTypeIn {
    /// `user`, `username`, `role`, `certificate`, `token`, `os2iot-api-key` or `os2iot-user`.
    #[serde(rename = "type")]
    #[schema(example = "user")]
    kind: String,
    /// The properties in the request. No result depends on them.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    #[expect(dead_code, reason = "it is read so that a value of the wrong type is refused")]
    properties: Skipped,
}

/// A page of subjects.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Subjects {
    page: PageOut,
    results: Vec<Entity>,
}

/// All subjects of a type that may do an action on a resource. A token is named by its SHA-256. A search for an unknown type has no results.
#[utoipa::path(post, path = "/access/v1/search/subject", tag = "access", extensions(("x-exact-json" = json!(true))), params(server::AtLeast), request_body = SubjectSearch,
    responses((status = 200, description = "A page of subjects", body = Subjects), Refusals))]
pub(crate) async fn post_search_subject(
    State(app): State<App>,
    asks: Asks<ReadOnPath>,
    ExactJson(body): ExactJson<SubjectSearch>,
) -> Result<FreshAtStart<Response>, Refusal> {
    let when = format!("{:?}", body.at());
    let (kind, resource) = (&body.subject.kind, &body.resource);
    let mut search = vec![
        "subject",
        kind,
        &body.action.name,
        &resource.kind,
        &resource.id,
        &when,
    ];
    search.extend(resource.properties.texts());
    let paging = body.page.clone().unwrap_or_default().paging(&search)?;
    let turn = asks.turn(&app).await?;
    let caller = asks.caller().user;
    let found = turn.answer(async move |interest| {
        let as_of = match body.at() {
            Some(at) => {
                let moment = moment(&app, at).await?;
                body.replay(&app, moment, (caller, &interest)).await?
            }
            None => (
                app.ledger().moment_now(app.clock.now()),
                Arc::clone(app.ledger().authorization()),
            ),
        };
        body.find(as_of, &paging, &interest)
    });
    found.await
}

impl SubjectSearch {
    fn at(&self) -> Option<&At> {
        self.context.as_ref().and_then(|context| context.at.as_ref())
    }

    /// The engine at a moment. If the search finds nobody whatever the engine, this is an empty engine.
    async fn replay(
        &self,
        app: &App,
        moment: Moment,
        (caller, interest): (UserId, &Interest),
    ) -> Result<(Moment, Arc<Authorization>), Refusal> {
        let engine = match (MODEL.subject_type(&self.subject.kind), inquiry(self)) {
            (Some(_), Ok(_)) => {
                let ledger = app.ledger();
                ledger.engine_at(caller, moment.position, interest).await?
            }
            (None, _) | (_, Err(_)) => Arc::default(),
        };
        Ok((moment, engine))
    }

    fn find(
        &self,
        (moment, authorization): (Moment, Arc<Authorization>),
        paging: &Paging,
        interest: &Interest,
    ) -> Result<AsOf<Json<Subjects>>, Refusal> {
        let found = match (MODEL.subject_type(&self.subject.kind), inquiry(self)) {
            (Some(subject_type), Ok(inquiry)) => {
                let looking = Looking {
                    authorization: &authorization,
                    inquiry: &inquiry,
                    now: moment.time,
                    paging,
                    interest,
                };
                looking.search_of(subject_type)?
            }
            // There is no subject of an unknown type, and no subject may do what is impossible.
            (None, _) | (_, Err(_)) => nobody(paging),
        };
        // The engine of the present may have gone on meanwhile.
        let position = moment.position.max(authorization.newest());
        Ok(AsOf(position, Json(found)))
    }
}

/// What the subjects should be allowed to do, if anybody can do it.
fn inquiry(body: &SubjectSearch) -> Result<Inquiry<'_>, Impossible> {
    let resource = &body.resource;
    let properties = resource.properties.as_slice();
    Inquiry::of(
        &MODEL,
        &resource.kind,
        &resource.id,
        &body.action.name,
        properties,
    )
}

fn nobody(paging: &Paging) -> Subjects {
    Subjects {
        page: paging.cut(&mut Vec::<()>::new(), |()| Vec::new()),
        results: Vec::new(),
    }
}

/// A search in an engine.
struct Looking<'a> {
    authorization: &'a Authorization,
    inquiry: &'a Inquiry<'a>,
    now: Timestamp,
    paging: &'a Paging,
    interest: &'a Interest,
}

impl Looking<'_> {
    fn search_of(&self, subject_type: &SubjectType) -> Result<Subjects, Refusal> {
        let Self {
            authorization,
            inquiry,
            now,
            paging,
            interest,
        } = *self;
        // One more result shows whether there is another page.
        let limit = paging.limit + 1;
        let kind = subject_type.name;
        let uuid = |bytes: &[u8]| Uuid::from_slice(bytes).ok();
        let users = || {
            let after = paging.after(|bytes| uuid(bytes).map(UserId))?;
            Ok::<_, Refusal>(authorization.users_who_may(inquiry, after, limit, interest))
        };
        let key = |id: &UserId| id.0.as_bytes().to_vec();
        Ok(match subject_type.search {
            Search::Users => subjects(paging, users()?, key, |id| Some(id.to_string()), kind),
            Search::Usernames => subjects(paging, users()?, key, |id| authorization.username(*id), kind),
            Search::Entries(_) => self.entries_of(subject_type)?,
            Search::Roles => {
                let after = paging.after(|bytes| uuid(bytes).map(RoleId))?;
                let found = authorization.roles_that_may(inquiry, after, limit, interest);
                subjects(
                    paging,
                    found,
                    |id| id.0.as_bytes().to_vec(),
                    |id| Some(id.to_string()),
                    kind,
                )
            }
            Search::Certificates => {
                let after = paging.after(|bytes| String::from_utf8(bytes.to_vec()).ok())?;
                let found =
                    authorization.certificates_that_may(inquiry, now, after.as_deref(), limit, interest);
                subjects(
                    paging,
                    found,
                    |one| one.as_bytes().to_vec(),
                    |one| Some(one.to_string()),
                    kind,
                )
            }
            Search::Tokens => {
                let after = paging.after(|bytes| bytes.try_into().ok())?;
                let found = authorization.tokens_that_may(inquiry, now, after, limit, interest);
                subjects(
                    paging,
                    found,
                    |token| token.to_vec(),
                    |token| Some(hexadecimal(token)),
                    kind,
                )
            }
            Search::Machines(machines) => {
                let found =
                    authorization.machines_that_may(machines, inquiry, paging.after(uuid)?, limit, interest);
                subjects(
                    paging,
                    found,
                    |machine| machine.id.as_bytes().to_vec(),
                    |machine| Some(machine.id.to_string()),
                    kind,
                )
            }
        })
    }

    fn entries_of(&self, subject_type: &SubjectType) -> Result<Subjects, Refusal> {
        let after = self
            .paging
            .after(|bytes| String::from_utf8(bytes.to_vec()).ok())?;
        let found = self.authorization.entries_that_may(
            subject_type,
            self.inquiry,
            self.now,
            after.as_deref(),
            self.paging.limit + 1,
            self.interest,
        );
        let (key, shown) = (
            |id: &String| id.clone().into_bytes(),
            |id: &String| Some(id.clone()),
        );
        Ok(subjects(self.paging, found, key, shown, subject_type.name))
    }
}

/// A page of the subjects that were found. If a subject cannot be shown, it has been deleted meanwhile.
fn subjects<T>(
    paging: &Paging,
    mut found: Vec<T>,
    key: impl FnOnce(&T) -> Vec<u8>,
    shown: impl Fn(&T) -> Option<String>,
    kind: &str,
) -> Subjects {
    let page = paging.cut(&mut found, key);
    let entity = |id: String| Entity::new(kind, id);
    let results: Vec<Entity> = found.iter().filter_map(shown).map(entity).collect();
    Subjects {
        page: page.counting(results.len()),
        results,
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
