//! From a question on the wire to a decision on the wire.

use projections::authorization::{Access, Subject};

use super::wire::{ContextOut, DecisionOut, Question};
use crate::{app::App, http::Problem};

/// Decides.
pub async fn evaluate(app: &App, question: Question<'_>) -> Result<DecisionOut, Problem> {
    let authorization = app.ledger().authorization();
    let subject = Subject::parse(&question.subject.kind, &question.subject.id);
    let access = Access::parse(
        &question.resource.kind,
        &question.resource.id,
        &question.action.name,
    );
    let (position, denied) = match (subject, access) {
        (Err(reason), _) => (authorization.position(), Some(reason.as_str())),
        (_, Err(impossible)) => (authorization.position(), Some(impossible.as_str())),
        (Ok(subject), Ok(access)) => {
            let answer = authorization.answer(&subject, &access, app.clock.now());
            (answer.position, answer.denied.map(|reason| reason.as_str()))
        }
    };
    Ok(DecisionOut {
        decision: denied.is_none(),
        context: ContextOut {
            position,
            reason: denied,
        },
    })
}
