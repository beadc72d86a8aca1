//! `POST /access/v1/search/resource`: the Resource Search API (AuthZEN Authorization API 1.0 section 8.5).

use aggregates::values::{Context, TopicFilter};
use authorization::{Access, Subject};
use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::page::{PageIn, PageOut};
use crate::{
    evaluate::Evaluator,
    wire::{Action, ContextIn, Entity},
};
use server::{App, AsOf, JsonBody, PermittedToRead, Refusal, Refusals};

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
#[utoipa::path(post, path = "/access/v1/search/resource", tag = "access", request_body = ResourceSearch,
    responses((status = 200, description = "A page of patterns", body = Resources), Refusals))]
pub(crate) async fn post_search_resource(
    State(app): State<App>,
    _permitted: PermittedToRead,
    JsonBody(body): JsonBody<ResourceSearch>,
) -> Result<AsOf<Json<Resources>>, Refusal> {
    let (subject, kind, action) = (&body.subject, &body.resource.kind, &body.action.name);
    let at = body.context.as_ref().and_then(|context| context.at.as_ref());
    let when = format!("{at:?}");
    let search = ["resource", &subject.kind, &subject.id, action, kind, &when];
    let paging = body.page.clone().unwrap_or_default().paging(&search)?;
    let after = paging.after(|bytes| String::from_utf8(bytes.to_vec()).ok())?;
    let mut evaluator = Evaluator::new(&app);
    let moment = evaluator.moment(at).await?;
    let context = Context::parse(kind).ok();
    let wanted = context.and_then(|context| Some((context, Access::operation_of(context, action)?)));
    let mut found = Vec::new();
    if let (Ok(subject), Some((context, operation))) = (Subject::parse(&subject.kind, &subject.id), wanted) {
        let publish = Access::is_publish(action);
        let of_now = app.ledger().authorization();
        let granted = match at {
            None => of_now.resources(&subject, context, operation, publish, moment.time),
            Some(_) => {
                let past = app.ledger().past(&subject, moment).await?;
                past.engine()
                    .resources(&subject, context, operation, publish, moment.time)
            }
        };
        found = granted.unwrap_or_default();
    }
    found.retain(|pattern: &TopicFilter| after.as_deref().is_none_or(|after| **pattern > *after));
    found.truncate(paging.limit + 1);
    let page = paging.cut(&mut found, |last| last.as_bytes().to_vec());
    let entity = |pattern: TopicFilter| Entity {
        kind: kind.clone(),
        id: pattern.to_string(),
    };
    let results = found.into_iter().map(entity).collect();
    Ok(AsOf(moment.position, Json(Resources { page, results })))
}
