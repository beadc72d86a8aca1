//! `POST /access/v1/search/resource`: the Resource Search API (AuthZEN Authorization API 1.0 section 8.5).

use aggregates::values::UserId;
use authorization::{Authorization, Interest, MODEL, Subject, Wanted};
use axum::{Json, extract::State, response::Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::page::{PageIn, PageOut};
use crate::{
    evaluate::{Evaluator, as_of},
    properties::Properties,
    wire::{Action, At, ContextIn, Entity},
};
use server::{App, AsOf, Asks, ExactJson, FreshAtStart, ReadOnPath, Refusal, Refusals};

/// On what may a subject do an action?
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({
    "subject": {"type": "user", "id": "0a0b0c0d-0000-4000-8000-000000000001"},
    "action": {"name": "publish"},
    "resource": {"type": "mqtt"}
}))]
pub(crate) struct ResourceSearch {
    /// Who.
    subject: Entity,
    /// Does what.
    action: Action,
    /// Of which type. An id is passed over.
    resource: ResourceType,
    /// As of when.
    context: Option<ContextIn>,
    /// Which page.
    page: Option<PageIn>,
}

/// A type of resources.
#[derive(Debug, Deserialize, ToSchema)]
struct ResourceType {
    /// `http` or `mqtt`.
    #[serde(rename = "type")]
    #[schema(example = "mqtt")]
    kind: String,
    /// The properties in the request.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    properties: Properties,
}

/// A page of resources.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Resources {
    page: PageOut,
    /// Each id is a pattern, for there is no end of topics and paths: `+` is one level, `#` the rest. For `publish`
    /// it is of topics as the client names them, before the publish prefix.
    results: Vec<Entity>,
}

/// All that a subject may do an action on, as patterns.
#[utoipa::path(post, path = "/access/v1/search/resource", tag = "access", extensions(("x-exact-json" = json!(true))), params(server::AtLeast), request_body = ResourceSearch,
    responses((status = 200, description = "A page of patterns", body = Resources), Refusals))]
pub(crate) async fn post_search_resource(
    State(app): State<App>,
    asks: Asks<ReadOnPath>,
    ExactJson(body): ExactJson<ResourceSearch>,
) -> Result<FreshAtStart<Response>, Refusal> {
    let (subject, kind) = (&body.subject, &body.resource.kind);
    let when = format!("{:?}", body.at());
    let mut search = vec![
        "resource",
        &subject.kind,
        &subject.id,
        &body.action.name,
        kind,
        &when,
    ];
    search.extend(body.resource.properties.texts());
    let paging = body.page.clone().unwrap_or_default().paging(&search)?;
    let after = paging.after(|bytes| String::from_utf8(bytes.to_vec()).ok())?;
    let turn = asks.turn(&app).await?;
    let caller = asks.caller().user;
    let found = turn.answer(async move |interest| {
        // One more result shows whether there is another page.
        let (limit, asking) = (paging.limit + 1, (caller, &interest));
        let (position, mut found) = body.find(&app, after.as_deref(), limit, asking).await?;
        let page = paging.cut(&mut found, |last| last.as_bytes().to_vec());
        let entity = |id: String| Entity::new(&body.resource.kind, id);
        let results = found.into_iter().map(entity).collect();
        Ok(AsOf(position, Json(Resources { page, results })))
    });
    found.await
}

impl ResourceSearch {
    fn at(&self) -> Option<&At> {
        self.context.as_ref().and_then(|context| context.at.as_ref())
    }

    /// The position of the answer, and the resources after `after`, at most `limit`.
    async fn find(
        &self,
        app: &App,
        after: Option<&str>,
        limit: usize,
        (caller, interest): (UserId, &Interest),
    ) -> Result<(i64, Vec<String>), Refusal> {
        let (ledger, at) = (app.ledger(), self.at());
        let moment = Evaluator::new(app, interest).moment(at).await?;
        let properties = self.resource.properties.as_slice();
        let wanted = Wanted::of(&MODEL, &self.resource.kind, &self.action.name, properties);
        let subject = Subject::parse(&self.subject.kind, &self.subject.id);
        let (Ok(subject), Ok(wanted)) = (subject, wanted) else {
            // There is no such subject, or nobody can do the action on any resource.
            return Ok((moment.position, Vec::new()));
        };
        let search = |engine: &Authorization| {
            let found = engine.resources(&subject, &wanted, moment.time, after, limit, interest);
            found.unwrap_or_default()
        };
        let found = match at {
            None => search(ledger.authorization()),
            Some(_) if wanted.is_placed() => {
                search(&*ledger.engine_at(caller, moment.position, interest).await?)
            }
            Some(_) => search(ledger.past(&subject, None, moment, interest).await?.engine()),
        };
        Ok((as_of(app, at, moment.position), found))
    }
}
