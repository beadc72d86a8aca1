//! `POST /access/v1/evaluations`: the Access Evaluations API (AuthZEN Authorization API 1.0 section 7).

use std::fmt::{self, Formatter};

use authorization::Interest;
use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{IgnoredAny, SeqAccess, Visitor},
};
use utoipa::ToSchema;

use super::{
    evaluate::{Evaluator, as_of},
    wire::{Action, ContextIn, DecisionOut, Evaluation, PartOfEntity, PartOfEvaluation},
};
use server::{App, AsOf, Asks, ExactJson, Item, ReadOnPath, Refusal, RefusalKind, Refusals, TOO_MANY};

/// The largest body, in bytes.
const MOST_BYTES: usize = 16 << 20;

/// The most questions in one request.
const MOST: usize = 10_000;

/// The most bytes of subjects and resources in one request. A default counts each time it is used.
const MOST_TEXT: usize = 4 << 20;
/// With more questions, a request is heavy.
const FEW: usize = 50;
/// With more bytes of subjects and resources, a request is heavy.
const SHORT: usize = 64 << 10;

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

/// What a request asks.
struct Asked {
    questions: Vec<Question>,
    defaults: PartOfEvaluation,
    semantic: Semantic,
}

/// Whether subjects may do actions on resources: many questions in one request.
#[utoipa::path(post, path = "/access/v1/evaluations", tag = "access", extensions(("x-exact-json" = json!(true))), params(server::AtLeast), request_body = EvaluationsIn,
    responses((status = 200, description = "The decisions", body = EvaluationsOut), Refusals))]
pub(crate) async fn post_evaluations(
    State(app): State<App>,
    asks: Asks<ReadOnPath>,
    ExactJson(body): ExactJson<EvaluationsIn, MOST_BYTES>,
) -> Result<Response, Refusal> {
    let options = body.options.unwrap_or_default();
    let asked = Asked {
        questions: body.evaluations.unwrap_or_default(),
        defaults: PartOfEvaluation {
            subject: body.subject,
            action: body.action,
            resource: body.resource,
            context: body.context,
        },
        semantic: options.evaluations_semantic.unwrap_or_default(),
    };
    if !asked.is_heavy()? {
        let answer = asked.answer(&app, &Interest::default()).await?;
        return Ok(answer.into_response());
    }
    let turn = asks.turn(&app).await?;
    let answer = turn.answer(async move |interest| asked.answer(&app, &interest).await);
    Ok(answer.await?.into_response())
}

impl Asked {
    /// Whether there are so many questions, or such questions, that the request needs a turn. Refuses the request if the questions
    /// are too many or too long.
    fn is_heavy(&self) -> Result<bool, Refusal> {
        let questions = questions(&self.questions, &self.defaults)?;
        let nothing = PartOfEvaluation::default();
        let one = self.defaults.question(&nothing);
        let text: usize = questions.iter().flatten().map(length).sum();
        let mut whole = questions.iter().flatten().chain(&one);
        Ok(questions.len() > FEW || text > SHORT || whole.any(Evaluation::is_heavy))
    }

    /// Answers all questions, or those up to the one that decides.
    async fn answer(&self, app: &App, interest: &Interest) -> Result<AsOf<Json<EvaluationsOut>>, Refusal> {
        let mut evaluator = Evaluator::new(app, interest);
        if self.questions.is_empty() {
            let nothing = PartOfEvaluation::default();
            let question = self.defaults.question(&nothing)?;
            let at = question.at();
            let decision = evaluator.evaluate(question).await?;
            let position = as_of(app, at, decision.context.position);
            return Ok(AsOf(position, Json(EvaluationsOut::One(decision))));
        }
        let questions = questions(&self.questions, &self.defaults)?;
        let position = app.ledger().authorization().position();
        let mut evaluations = Vec::with_capacity(questions.len());
        for (index, question) in questions.into_iter().enumerate() {
            if interest.is_lost() {
                break;
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
            let stop = match self.semantic {
                Semantic::ExecuteAll => false,
                Semantic::DenyOnFirstDeny => !decision.decision,
                Semantic::PermitOnFirstPermit => decision.decision,
            };
            evaluations.push(decision);
            if stop {
                break;
            }
        }
        let position = as_of(app, None, position);
        Ok(AsOf(position, Json(EvaluationsOut::Many { evaluations })))
    }
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
    let text: usize = questions.iter().flatten().map(length).sum();
    if text > MOST_TEXT {
        return Err(Refusal::invalid(format!(
            "the subjects and resources of all questions must be at most {MOST_TEXT} bytes together"
        )));
    }
    Ok(questions)
}

/// The bytes of a question's subject and resource.
fn length(question: &Evaluation<'_>) -> usize {
    let properties = question.resource.properties.texts().map(str::len);
    question.subject.id.len() + question.resource.id.len() + properties.sum::<usize>()
}
