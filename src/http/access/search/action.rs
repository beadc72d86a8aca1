//! `POST /access/v1/search/action`: the Action Search API (AuthZEN Authorization API 1.0 section 8.6).

use authorization::MODEL;
use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::page::{PageIn, PageOut};
use crate::{
    evaluate::Evaluator,
    wire::{Action, ContextIn, Entity, Evaluation},
};
use server::{App, AsOf, ExactJson, PermittedToRead, Refusal, Refusals};

/// What may a subject do to a resource?
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({
    "subject": {"type": "user", "id": "0a0b0c0d-0000-4000-8000-000000000001"},
    "resource": {"type": "http", "id": "/api/users"}
}))]
pub(crate) struct ActionSearch {
    /// Who.
    subject: Entity,
    /// To what.
    resource: Entity,
    /// As of when.
    context: Option<ContextIn>,
    /// Which page.
    page: Option<PageIn>,
}

/// A page of actions.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Actions {
    page: PageOut,
    results: Vec<Action>,
}

/// All actions that a subject may do on a resource.
#[utoipa::path(post, path = "/access/v1/search/action", tag = "access", params(server::AtLeast), request_body = ActionSearch,
    responses((status = 200, description = "A page of actions", body = Actions), Refusals))]
pub(crate) async fn post_search_action(
    State(app): State<App>,
    _permitted: PermittedToRead,
    ExactJson(body): ExactJson<ActionSearch>,
) -> Result<AsOf<Json<Actions>>, Refusal> {
    let (subject, resource) = (&body.subject, &body.resource);
    let context = body.context.as_ref().map(|context| ContextIn {
        explain: None,
        at: context.at.clone(),
    });
    let when = format!("{:?}", context.as_ref().and_then(|context| context.at.as_ref()));
    let mut search = vec![
        "action",
        &subject.kind,
        &subject.id,
        &resource.kind,
        &resource.id,
        &when,
    ];
    search.extend(resource.properties.texts());
    let paging = body.page.clone().unwrap_or_default().paging(&search)?;
    let after = paging.after(|bytes| String::from_utf8(bytes.to_vec()).ok())?;
    let position = app.ledger().authorization().position();
    let resource_type = MODEL.resource_type(&resource.kind);
    let actions = resource_type.map_or(&[][..], |resource_type| resource_type.actions());
    let passed = after.and_then(|after| actions.iter().position(|(name, _)| *name == after));
    let mut evaluator = Evaluator::new(&app);
    let mut results = Vec::new();
    let mut as_of = position;
    for (name, _) in actions.iter().skip(passed.map_or(0, |at| at + 1)) {
        let action = Action::new(*name);
        let question = Evaluation {
            subject: subject.into(),
            action: &action,
            resource: resource.into(),
            context: context.as_ref(),
        };
        let decision = evaluator.evaluate(question).await?;
        as_of = as_of.min(decision.context.position);
        if decision.decision {
            results.push(action);
        }
    }
    let page = paging.cut(&mut results, |last| last.name.as_bytes().to_vec());
    Ok(AsOf(as_of, Json(Actions { page, results })))
}
