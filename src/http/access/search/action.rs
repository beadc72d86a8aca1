//! `POST /access/v1/search/action`: the Action Search API (AuthZEN Authorization API 1.0 section 8.6).

use authorization::{Interest, MODEL};
use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::page::{PageIn, PageOut, Paging};
use crate::{
    evaluate::{Evaluator, as_of},
    wire::{Action, At, ContextIn, Entity, Evaluation},
};
use server::{App, AsOf, Asks, ExactJson, ReadOnPath, Refusal, Refusals};

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
#[utoipa::path(post, path = "/access/v1/search/action", tag = "access", extensions(("x-exact-json" = json!(true))), params(server::AtLeast), request_body = ActionSearch,
    responses((status = 200, description = "A page of actions", body = Actions), Refusals))]
pub(crate) async fn post_search_action(
    State(app): State<App>,
    asks: Asks<ReadOnPath>,
    ExactJson(body): ExactJson<ActionSearch>,
) -> Result<Response, Refusal> {
    let (subject, resource) = (&body.subject, &body.resource);
    let when = format!("{:?}", body.at());
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
    if body.at().is_none() {
        let found = body.find(&app, &paging, after, &Interest::default()).await?;
        return Ok(found.into_response());
    }
    let turn = asks.turn(&app).await?;
    let found = turn.answer(async move |interest| body.find(&app, &paging, after, &interest).await);
    Ok(found.await?.into_response())
}

impl ActionSearch {
    fn at(&self) -> Option<&At> {
        self.context.as_ref().and_then(|context| context.at.as_ref())
    }

    async fn find(
        &self,
        app: &App,
        paging: &Paging,
        after: Option<String>,
        interest: &Interest,
    ) -> Result<AsOf<Json<Actions>>, Refusal> {
        let context = ContextIn {
            explain: None,
            at: self.at().cloned(),
        };
        let position = app.ledger().authorization().position();
        let resource_type = MODEL.resource_type(&self.resource.kind);
        let actions = resource_type.map_or(&[][..], |resource_type| resource_type.actions());
        let passed = after.and_then(|after| actions.iter().position(|(name, _)| *name == after));
        let mut evaluator = Evaluator::new(app, interest);
        let mut results = Vec::new();
        let mut oldest = position;
        for (name, _) in actions.iter().skip(passed.map_or(0, |at| at + 1)) {
            let action = Action::new(*name);
            let question = Evaluation {
                subject: (&self.subject).into(),
                action: &action,
                resource: (&self.resource).into(),
                context: Some(&context),
            };
            let decision = evaluator.evaluate(question).await?;
            oldest = oldest.min(decision.context.position);
            if decision.decision {
                results.push(action);
            }
        }
        let page = paging.cut(&mut results, |last| last.name.as_bytes().to_vec());
        let position = as_of(app, self.at(), oldest);
        Ok(AsOf(position, Json(Actions { page, results })))
    }
}
