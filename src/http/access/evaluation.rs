//! `POST /access/v1/evaluation`: the Access Evaluation API (AuthZEN Authorization API 1.0 section 6).

use authorization::Interest;
use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};

use super::{
    evaluate::{Evaluator, as_of},
    wire::{DecisionOut, EvaluationIn},
};
use server::{App, AsOf, Asks, ExactJson, ReadOnPath, Refusal, Refusals};

/// Whether a subject may do an action on a resource.
#[utoipa::path(post, path = "/access/v1/evaluation", tag = "access", extensions(("x-exact-json" = json!(true))), params(server::AtLeast), request_body = EvaluationIn,
    responses((status = 200, description = "The decision", body = DecisionOut), Refusals))]
pub(crate) async fn post_evaluation(
    State(app): State<App>,
    asks: Asks<ReadOnPath>,
    ExactJson(body): ExactJson<EvaluationIn>,
) -> Result<Response, Refusal> {
    if !body.question()?.is_heavy() {
        let decision = decide(&app, &body, &Interest::default()).await?;
        return Ok(decision.into_response());
    }
    let turn = Box::pin(asks.turn(&app)).await?;
    let answer = turn.answer(async move |interest| decide(&app, &body, &interest).await);
    Ok(Box::pin(answer).await?.into_response())
}

async fn decide(
    app: &App,
    body: &EvaluationIn,
    interest: &Interest,
) -> Result<AsOf<Json<DecisionOut>>, Refusal> {
    let question = body.question()?;
    let at = question.at();
    let decision = Evaluator::new(app, interest).evaluate(question).await?;
    let position = as_of(app, at, decision.context.position);
    Ok(AsOf(position, Json(decision)))
}
