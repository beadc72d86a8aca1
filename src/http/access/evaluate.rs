//! Turns questions on the wire into decisions on the wire.

use std::collections::{HashMap, hash_map::Entry};

use aggregates::values::Timestamp;
use authorization::{
    Inquiry, Interest, MODEL, Subject,
    directory::ResourceId,
    past::{Moment, Past},
};

use super::{
    explanation::{Explanation, MomentOut},
    wire::{At, ContextOut, DecisionOut, Evaluation},
};
use ledger::PastError;
use server::{App, Refusal};

/// The most questions in one request that ask for an explanation or about the past. Each of them reads the ledger, and
/// an explanation may be long.
const MOST_PASTS: usize = 100;

/// Decides the questions of one request.
pub(crate) struct Evaluator<'a> {
    app: &'a App,
    interest: &'a Interest,
    now: Timestamp,
    /// The present moment, after it was needed once. So all explanations of one request are about one position.
    present: Option<Moment>,
    moments: HashMap<At, Moment>,
    /// How many questions asked for an explanation or about the past.
    asked: usize,
    pasts: HashMap<(Subject, Option<ResourceId>, Moment), Past>,
}

impl<'a> Evaluator<'a> {
    /// Makes an evaluator for a request that has just arrived. Questions about the past, and those that ask for an explanation,
    /// are heavy: they need a turn.
    pub(crate) fn new(app: &'a App, interest: &'a Interest) -> Self {
        Self {
            app,
            interest,
            now: app.clock.now(),
            present: None,
            moments: HashMap::new(),
            asked: 0,
            pasts: HashMap::new(),
        }
    }

    /// Decides.
    pub(crate) async fn evaluate(&mut self, question: Evaluation<'_>) -> Result<DecisionOut, Refusal> {
        let authorization = self.app.ledger().authorization();
        let subject = Subject::parse(question.subject.kind, question.subject.id);
        let resource = question.resource;
        let inquiry = Inquiry::of(
            &MODEL,
            resource.kind,
            resource.id,
            &question.action.name,
            resource.properties.as_slice(),
        );
        let context = question.context;
        let at = context.and_then(|context| context.at.as_ref());
        let explain = context.is_some_and(|context| context.explain == Some(true));
        if at.is_some() || explain {
            self.asked += 1;
            if self.asked > MOST_PASTS {
                return Err(PastError::TooMany(MOST_PASTS).into());
            }
        }
        let (subject, inquiry) = match (subject, inquiry) {
            (Ok(subject), Ok(inquiry)) => (subject, inquiry),
            (Err(reason), _) => return Box::pin(self.never(at, reason.as_str())).await,
            (_, Err(impossible)) => return Box::pin(self.never(at, impossible.as_str())).await,
        };
        if at.is_none() && !explain {
            let answer = authorization.answer(&subject, &inquiry, self.app.clock.now());
            let reason = answer.denied.map(|reason| reason.as_str());
            return Ok(DecisionOut::of(answer.position, reason));
        }
        // All code that reads the ledger is boxed: otherwise the future of every question would be as large as this
        // one.
        let moment = Box::pin(self.moment(at)).await?;
        let past = match Box::pin(self.past(&subject, inquiry.placed(), moment)).await {
            Ok(past) => past,
            // Nobody has this name now.
            Err(PastError::NameThen) if at.is_none() => {
                return Ok(DecisionOut::of(moment.position, Some("unknown_subject")));
            }
            Err(error) => return Err(error.into()),
        };
        let answer = past.answer(&inquiry);
        let reason = answer.denied.map(|reason| reason.as_str());
        let decision = DecisionOut::of(answer.position, reason);
        Ok(DecisionOut {
            context: ContextOut {
                time: at.map(|_| MomentOut::from(moment).time),
                explanation: explain.then(|| Box::new(Explanation::of(resource.id, &past.why(&inquiry)))),
                ..decision.context
            },
            ..decision
        })
    }

    /// A denial that a grant cannot change.
    async fn never(&mut self, at: Option<&At>, reason: &'static str) -> Result<DecisionOut, Refusal> {
        let moment = self.moment(at).await?;
        Ok(DecisionOut::of(moment.position, Some(reason)))
    }

    /// The moment that a question is about.
    pub(crate) async fn moment(&mut self, at: Option<&At>) -> Result<Moment, Refusal> {
        let Some(at) = at else {
            let present = || self.app.ledger().moment_now(self.now);
            return Ok(*self.present.get_or_insert_with(present));
        };
        if let Some(moment) = self.moments.get(at) {
            return Ok(*moment);
        }
        let moment = moment(self.app, at).await?;
        self.moments.insert(at.clone(), moment);
        Ok(moment)
    }

    async fn past(
        &mut self,
        subject: &Subject,
        resource: Option<ResourceId>,
        moment: Moment,
    ) -> Result<&Past, PastError> {
        Ok(match self.pasts.entry((subject.clone(), resource, moment)) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => {
                let (_, resource, _) = place.key();
                let resource = resource.as_ref();
                let past = self
                    .app
                    .ledger()
                    .past(subject, resource, moment, self.interest)
                    .await?;
                place.insert(past)
            }
        })
    }
}

/// The position of an answer, given the one at which its work began. What an answer about the present is made of may be newer.
pub(crate) fn as_of(app: &App, at: Option<&At>, begun: i64) -> i64 {
    match at {
        Some(_) => begun,
        None => begun.max(app.ledger().authorization().newest()),
    }
}

/// The moment at a position or a time.
pub(crate) async fn moment(app: &App, at: &At) -> Result<Moment, Refusal> {
    let ledger = app.ledger();
    Ok(match at {
        At::Position(position) if *position < 0 => {
            return Err(Refusal::invalid("a position must be at least 0"));
        }
        At::Position(position) => ledger.moment_at(*position).await?,
        At::Time(time) => ledger.moment_of(Timestamp::parse(time)?, app.clock.now()).await?,
    })
}

impl DecisionOut {
    /// A denial of a question that cannot be answered. It says what is wrong with the question.
    pub(crate) fn refused(position: i64, refusal: &Refusal) -> Self {
        let mut refused = Self::of(position, Some("invalid_request"));
        refused.context.error = Some(Box::new(refusal.into()));
        refused
    }

    fn of(position: i64, reason: Option<&'static str>) -> Self {
        Self {
            decision: reason.is_none(),
            context: ContextOut {
                position,
                reason,
                ..ContextOut::default()
            },
        }
    }
}
