//! `POST /access/v1/evaluations`: the Access Evaluations API (AuthZEN Authorization API 1.0 section 7).

use std::fmt::{self, Formatter};

use axum::{Json, extract::State};
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{IgnoredAny, SeqAccess, Visitor},
};
use utoipa::ToSchema;

use super::{
    evaluate::Evaluator,
    wire::{Action, ContextIn, DecisionOut, Evaluation, PartOfEntity, PartOfEvaluation},
};
use server::{App, AsOf, ExactJson, Item, PermittedToRead, Refusal, RefusalKind, Refusals, TOO_MANY};

/// The largest body, in bytes.
const MOST_BYTES: usize = 16 << 20;

/// The most questions in one request.
const MOST: usize = 10_000;

/// The most bytes of subjects and resources in one request. A default counts each time it is used.
const MOST_TEXT: usize = 4 << 20;
/// After how many questions the thread serves other requests.
const BREATH: usize = 100;

/// Many questions. Each question that lacks a member takes it from here. If a subject or a resource here lacks its type or its id,
/// each question that names one must complete it.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct EvaluationsIn {
    /// Who.
    subject: Option<PartOfEntity>,
    /// Does what.
    action: Option<Action>,
    /// To what.
    resource: Option<PartOfEntity>,
    /// How to decide.
    context: Option<ContextIn>,
    /// The questions, at most 10,000. Without any, the request is one question.
    #[serde(default, deserialize_with = "bounded")]
    #[schema(value_type = Option<Vec<PartOfEvaluation>>, max_items = 10_000)]
    evaluations: Option<Vec<Question>>,
    /// How to go about it.
    options: Option<Options>,
}

/// One of many questions. If it is malformed, it is a denial among the other decisions.
type Question = Item<PartOfEvaluation>;

/// Reads at most one question more than the limit, and does not count the rest. A list of `{}` would take a hundred
/// times its size in memory.
fn bounded<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<Question>>, D::Error> {
    struct Bounded;

    impl<'de> Visitor<'de> for Bounded {
        type Value = Option<Vec<Question>>;

        fn expecting(&self, f: &mut Formatter<'_>) -> fmt::Result {
            f.write_str("a list of questions")
        }

        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok(None)
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
            let mut questions = Vec::new();
            while questions.len() <= MOST {
                let Some(question) = list.next_element()? else {
                    return Ok(Some(questions));
                };
                questions.push(question);
            }
            while list.next_element::<IgnoredAny>()?.is_some() {}
            Ok(Some(questions))
        }
    }

    deserializer.deserialize_any(Bounded)
}

/// How to go about many questions.
#[derive(Debug, Default, Deserialize, ToSchema)]
struct Options {
    /// When to stop.
    evaluations_semantic: Option<Semantic>,
}

/// When to stop.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Semantic {
    /// After the last question.
    #[default]
    ExecuteAll,
    /// After the first denial.
    DenyOnFirstDeny,
    /// After the first permission.
    PermitOnFirstPermit,
}

/// The decisions, or the one.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum EvaluationsOut {
    /// In the order of the questions; fewer if the semantic says to stop.
    Many {
        /// The decisions.
        evaluations: Vec<DecisionOut>,
    },
    /// Of a request without `evaluations`.
    One(DecisionOut),
}

/// Whether subjects may do actions on resources: many questions in one request.
#[utoipa::path(post, path = "/access/v1/evaluations", tag = "access", params(server::AtLeast), request_body = EvaluationsIn,
    responses((status = 200, description = "The decisions", body = EvaluationsOut), Refusals))]
pub(crate) async fn post_evaluations(
    State(app): State<App>,
    _permitted: PermittedToRead,
    ExactJson(body): ExactJson<EvaluationsIn, MOST_BYTES>,
) -> Result<AsOf<Json<EvaluationsOut>>, Refusal> {
    let mut evaluator = Evaluator::new(&app);
    let (asked, semantic) = (body.evaluations.unwrap_or_default(), body.options);
    let defaults = PartOfEvaluation {
        subject: body.subject,
        action: body.action,
        resource: body.resource,
        context: body.context,
    };
    if asked.is_empty() {
        let decision = evaluator
            .evaluate(defaults.question(&PartOfEvaluation::default())?)
            .await?;
        return Ok(AsOf(
            decision.context.position,
            Json(EvaluationsOut::One(decision)),
        ));
    }
    let questions = questions(&asked, &defaults)?;
    let position = app.ledger().authorization().position();
    let semantic = semantic.and_then(|options| options.evaluations_semantic);
    let mut evaluations = Vec::with_capacity(questions.len());
    for (index, question) in questions.into_iter().enumerate() {
        if index % BREATH == BREATH - 1 {
            // This thread serves other requests, too.
            tokio::task::yield_now().await;
        }
        let decision = match question {
            Ok(question) => evaluator.evaluate(question).await,
            Err(malformed) => Err(malformed.about(format_args!("evaluations[{index}]"))),
        };
        let decision = match decision {
            Err(refusal) if refusal.kind == RefusalKind::Invalid && refusal.code != TOO_MANY => {
                DecisionOut::refused(position, &refusal)
            }
            decision => decision?,
        };
        let stop = match semantic.unwrap_or_default() {
            Semantic::ExecuteAll => false,
            Semantic::DenyOnFirstDeny => !decision.decision,
            Semantic::PermitOnFirstPermit => decision.decision,
        };
        evaluations.push(decision);
        if stop {
            break;
        }
    }
    Ok(AsOf(position, Json(EvaluationsOut::Many { evaluations })))
}

/// All questions, with what they take from the defaults. Refuses them if they are too many or too long.
fn questions<'a>(
    asked: &'a [Question],
    defaults: &'a PartOfEvaluation,
) -> Result<Vec<Result<Evaluation<'a>, Refusal>>, Refusal> {
    if asked.len() > MOST {
        return Err(Refusal::invalid(format!("evaluations must be at most {MOST}")));
    }
    let question = |Item(one): &'a Question| one.as_ref().map_err(Refusal::clone)?.question(defaults);
    let questions: Vec<_> = asked.iter().map(question).collect();
    let length = |question: &Evaluation<'_>| {
        let properties = question.resource.properties.texts().map(str::len);
        question.subject.id.len() + question.resource.id.len() + properties.sum::<usize>()
    };
    let text: usize = questions.iter().flatten().map(length).sum();
    if text > MOST_TEXT {
        return Err(Refusal::invalid(format!(
            "the subjects and resources of all questions must be at most {MOST_TEXT} bytes together"
        )));
    }
    Ok(questions)
}
