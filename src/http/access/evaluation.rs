//! `POST /access/v1/evaluation`: the Access Evaluation API (AuthZEN Authorization API 1.0 section 6).

use axum::{Json, extract::State};

use super::{
    evaluate::Evaluator,
    wire::{DecisionOut, EvaluationIn},
};
use server::{App, AsOf, ExactJson, PermittedToRead, Refusal, Refusals};

/// Whether a subject may do an action on a resource.
#[utoipa::path(post, path = "/access/v1/evaluation", tag = "access", params(server::AtLeast), request_body = EvaluationIn,
    responses((status = 200, description = "The decision", body = DecisionOut), Refusals))]
pub(crate) async fn post_evaluation(
    State(app): State<App>,
    _permitted: PermittedToRead,
    ExactJson(body): ExactJson<EvaluationIn>,
) -> Result<AsOf<Json<DecisionOut>>, Refusal> {
    let decision = Evaluator::new(&app).evaluate(body.question()?).await?;
    Ok(AsOf(decision.context.position, Json(decision)))
}
