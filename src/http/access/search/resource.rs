//! `POST /access/v1/search/resource`: the Resource Search API (AuthZEN Authorization API 1.0 section 8.5).

use std::sync::Arc;

use authorization::{Authorization, MODEL, Subject, Wanted};
use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::page::{PageIn, PageOut};
use crate::{
    evaluate::Evaluator,
    heavy,
    properties::Properties,
    wire::{Action, ContextIn, Entity},
};
use server::{App, AsOf, ExactJson, PermittedToRead, Refusal, Refusals};

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
    /// The properties that the request gives besides.
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
#[utoipa::path(post, path = "/access/v1/search/resource", tag = "access", params(server::AtLeast), request_body = ResourceSearch,
    responses((status = 200, description = "A page of patterns", body = Resources), Refusals))]
pub(crate) async fn post_search_resource(
    State(app): State<App>,
    _permitted: PermittedToRead,
    ExactJson(body): ExactJson<ResourceSearch>,
) -> Result<AsOf<Json<Resources>>, Refusal> {
    let (subject, kind, action) = (&body.subject, &body.resource.kind, &body.action.name);
    let at = body.context.as_ref().and_then(|context| context.at.as_ref());
    let when = format!("{at:?}");
    let properties = &body.resource.properties;
    let mut search = vec!["resource", &subject.kind, &subject.id, action, kind, &when];
    search.extend(properties.texts());
    let paging = body.page.clone().unwrap_or_default().paging(&search)?;
    let after = paging.after(|bytes| String::from_utf8(bytes.to_vec()).ok())?;
    let mut evaluator = Evaluator::new(&app);
    let moment = evaluator.moment(at).await?;
    // One more result shows whether there is another page.
    let limit = paging.limit + 1;
    let mut found = Vec::new();
    let wanted = Wanted::of(&MODEL, kind, action, properties.as_slice());
    if let (Ok(subject), Ok(wanted)) = (Subject::parse(&subject.kind, &subject.id), wanted) {
        let search = move |engine: &Authorization, subject: &Subject, wanted: &Wanted<'_>| {
            let found = engine.resources(subject, wanted, moment.time, after.as_deref(), limit);
            found.unwrap_or_default()
        };
        found = match at {
            // This looks at every resource of the type, so it must not run on the threads that serve requests.
            _ if wanted.is_placed() => {
                let engine = match at {
                    None => Arc::clone(app.ledger().authorization()),
                    Some(_) => app.ledger().engine_at(moment.position).await?,
                };
                let (kind, action, properties) = (kind.clone(), action.clone(), properties.clone());
                heavy(move || {
                    let wanted = Wanted::of(&MODEL, &kind, &action, properties.as_slice());
                    wanted.map_or_else(|_| Vec::new(), |wanted| search(&engine, &subject, &wanted))
                })
                .await?
            }
            None => search(app.ledger().authorization(), &subject, &wanted),
            Some(_) => {
                let past = app.ledger().past(&subject, None, moment).await?;
                search(past.engine(), &subject, &wanted)
            }
        };
    }
    let page = paging.cut(&mut found, |last| last.as_bytes().to_vec());
    let entity = |id: String| Entity::new(kind, id);
    let results = found.into_iter().map(entity).collect();
    Ok(AsOf(moment.position, Json(Resources { page, results })))
}
