//! Answers about the caller that are kept while the ledger does not move.
//!
//! A client asks for its session, or for the organisation of its key, again and again. Between two events, the answer is the same.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use aggregates::values::SessionId;
use authorization::Machine;
use axum::{
    body::Bytes,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;

use crate::{
    app::App,
    caller::Caller,
    position::{AsOf, Present},
    refusal::Refusal,
};

/// How many answers are kept. Then all are forgotten.
const MOST: usize = 4_096;
/// The longest answer that is kept, in bytes.
const LONGEST: usize = 2 << 10;

/// Whose answer it is. All who share a session or a key get the same one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Holder {
    Session(SessionId),
    Machine(Machine),
}

impl Holder {
    /// `None` with a credential that is judged again at each request, such as a password.
    fn of(caller: &Caller) -> Option<Self> {
        let session = caller.session.map(Self::Session);
        session.or_else(|| caller.machine().map(Self::Machine))
    }
}

/// The answers, by the question and who asked it.
#[derive(Default)]
pub(crate) struct KeptAnswers {
    by_holder: papaya::HashMap<(&'static str, Holder), Arc<Answer>>,
    count: AtomicUsize,
}

/// An answer, and the position of the memory at which it holds.
struct Answer {
    position: i64,
    answer: KeptJson,
}

/// A response in JSON that may have been kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptJson {
    json: Bytes,
    /// The position of the rows that it is made of; `None` if it is made from memory alone.
    as_of: Option<i64>,
}

impl IntoResponse for KeptJson {
    fn into_response(self) -> Response {
        const JSON: HeaderValue = HeaderValue::from_static("application/json");
        let response = ([(header::CONTENT_TYPE, JSON)], self.json);
        match self.as_of {
            Some(position) => AsOf(position, response).into_response(),
            None => Present(response).into_response(),
        }
    }
}

impl KeptAnswers {
    fn at(&self, asked: (&'static str, Holder), position: i64) -> Option<KeptJson> {
        let kept = self.by_holder.pin();
        let answer = kept.get(&asked).filter(|answer| answer.position == position);
        answer.map(|answer| answer.answer.clone())
    }

    fn keep(&self, asked: (&'static str, Holder), position: i64, answer: KeptJson) {
        if answer.json.len() > LONGEST {
            return;
        }
        let kept = self.by_holder.pin();
        if self.count.load(Ordering::Relaxed) >= MOST {
            kept.clear();
            self.count.store(0, Ordering::Relaxed);
        }
        if kept
            .insert(asked, Arc::new(Answer { position, answer }))
            .is_none()
        {
            self.count.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Answers a question that the caller asks about themselves; `question` tells it from others. The answer may depend on the caller's session
/// or key and on what the memory knows of the ledger, and on nothing else: it is made once for each position of the ledger. Answers that
/// another credential proves are made each time.
pub fn kept<T: Serialize>(
    app: &App,
    caller: &Caller,
    question: &'static str,
    make: impl FnOnce() -> Result<T, Refusal>,
) -> Result<KeptJson, Refusal> {
    // The position is read first: what the answer is made of is then not older.
    let position = app.ledger().authorization().position();
    let asked = Holder::of(caller).map(|holder| (question, holder));
    if let Some(kept) = asked.and_then(|asked| app.kept().at(asked, position)) {
        return Ok(kept);
    }
    let answer = KeptJson {
        json: in_json(&make()?)?,
        as_of: None,
    };
    if let Some(asked) = asked {
        app.kept().keep(asked, position, answer.clone());
    }
    Ok(answer)
}

/// The same, if the answer is also made of rows of the read models.
pub async fn kept_of_rows<T: Serialize>(
    app: &App,
    caller: &Caller,
    question: &'static str,
    make: impl AsyncFnOnce() -> Result<T, Refusal>,
) -> Result<KeptJson, Refusal> {
    let position = app.ledger().authorization().position();
    let asked = Holder::of(caller).map(|holder| (question, holder));
    if let Some(kept) = asked.and_then(|asked| app.kept().at(asked, position)) {
        return Ok(kept);
    }
    let json = in_json(&make().await?)?;
    // The rows may be newer than the memory, but not newer than the head is now.
    let answer = KeptJson {
        json,
        as_of: Some(app.ledger().position_of_head().await?),
    };
    if let Some(asked) = asked {
        app.kept().keep(asked, position, answer.clone());
    }
    Ok(answer)
}

fn in_json<T: Serialize>(answer: &T) -> Result<Bytes, Refusal> {
    let json = serde_json::to_vec(answer).map_err(|error| Refusal::unavailable().because(error))?;
    Ok(json.into())
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn session(number: u128) -> Holder {
        Holder::Session(SessionId(Uuid::from_u128(number)))
    }

    fn answer(bytes: usize) -> KeptJson {
        KeptJson {
            json: vec![b' '; bytes].into(),
            as_of: None,
        }
    }

    #[test]
    fn an_answer_holds_at_its_position_and_for_its_question_and_holder() {
        let kept = KeptAnswers::default();
        let json = answer(2);
        kept.keep(("session", session(1)), 7, json.clone());
        assert_eq!(kept.at(("session", session(1)), 7), Some(json.clone()));
        let key = Holder::Machine(authorization::api_key_machine(aggregates::values::ApiKeyId::of(
            aggregates::values::Ordinal::FIRST,
        )));
        for (question, holder, position) in [
            ("session", session(1), 6),
            ("session", session(1), 8),
            ("session", session(2), 7),
            ("session", key, 7),
            ("organisation", session(1), 7),
        ] {
            assert_eq!(kept.at((question, holder), position), None);
        }
        kept.keep(("session", session(1)), 8, json);
        assert_eq!(kept.at(("session", session(1)), 7), None);
    }

    #[test]
    fn the_memory_has_a_bound() {
        let kept = KeptAnswers::default();
        kept.keep(("session", session(0)), 7, answer(LONGEST + 1));
        assert_eq!(kept.at(("session", session(0)), 7), None);
        for number in 1..=2 * MOST as u128 {
            kept.keep(("session", session(number)), 7, answer(LONGEST));
            assert!(kept.at(("session", session(number)), 7).is_some());
            assert!(kept.by_holder.len() <= MOST);
        }
    }
}
