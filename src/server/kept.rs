//! Answers about the caller that are kept while the ledger does not move.
//!
//! A client asks for its session again and again. Between two events, the answer is the same.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use aggregates::values::SessionId;
use axum::{
    body::Bytes,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;

use crate::{app::App, caller::Caller, position::Present, refusal::Refusal};

/// How many answers are kept. Then all are forgotten.
const MOST: usize = 4_096;
/// The longest answer that is kept, in bytes.
const LONGEST: usize = 2 << 10;

/// The answers of sessions.
#[derive(Default)]
pub(crate) struct KeptAnswers {
    by_session: papaya::HashMap<SessionId, Arc<Answer>>,
    count: AtomicUsize,
}

/// An answer in JSON, and the position of the ledger at which it holds.
struct Answer {
    position: i64,
    json: Bytes,
}

/// A response in JSON that may have been kept.
#[derive(Debug)]
pub struct KeptJson(Bytes);

impl IntoResponse for KeptJson {
    fn into_response(self) -> Response {
        const JSON: HeaderValue = HeaderValue::from_static("application/json");
        Present(([(header::CONTENT_TYPE, JSON)], self.0)).into_response()
    }
}

impl KeptAnswers {
    fn at(&self, session: SessionId, position: i64) -> Option<Bytes> {
        let kept = self.by_session.pin();
        let answer = kept.get(&session).filter(|answer| answer.position == position);
        answer.map(|answer| answer.json.clone())
    }

    fn keep(&self, session: SessionId, position: i64, json: Bytes) {
        if json.len() > LONGEST {
            return;
        }
        let kept = self.by_session.pin();
        if self.count.load(Ordering::Relaxed) >= MOST {
            kept.clear();
            self.count.store(0, Ordering::Relaxed);
        }
        if kept
            .insert(session, Arc::new(Answer { position, json }))
            .is_none()
        {
            self.count.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Answers what the caller asks about their own session. The answer may depend on the session and on what the memory knows of the
/// ledger, and on nothing else: it is made once for each position of the ledger. Answers that another credential proves are made each time.
pub fn kept<T: Serialize>(
    app: &App,
    caller: &Caller,
    make: impl FnOnce() -> Result<T, Refusal>,
) -> Result<KeptJson, Refusal> {
    // The position is read first: what the answer is made of is then not older.
    let position = app.ledger().authorization().position();
    if let Some(json) = caller
        .session
        .and_then(|session| app.kept().at(session, position))
    {
        return Ok(KeptJson(json));
    }
    let json = serde_json::to_vec(&make()?).map_err(|error| Refusal::unavailable().because(error))?;
    let json = Bytes::from(json);
    if let Some(session) = caller.session {
        app.kept().keep(session, position, json.clone());
    }
    Ok(KeptJson(json))
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn session(number: u128) -> SessionId {
        SessionId(Uuid::from_u128(number))
    }

    #[test]
    fn an_answer_holds_at_its_position_and_for_its_session() {
        let kept = KeptAnswers::default();
        let json = Bytes::from_static(b"{}");
        kept.keep(session(1), 7, json.clone());
        assert_eq!(kept.at(session(1), 7), Some(json.clone()));
        for (other, position) in [(1, 6), (1, 8), (2, 7)] {
            assert_eq!(kept.at(session(other), position), None);
        }
        kept.keep(session(1), 8, json);
        assert_eq!(kept.at(session(1), 7), None);
    }

    #[test]
    fn the_memory_has_a_bound() {
        let kept = KeptAnswers::default();
        kept.keep(session(0), 7, Bytes::from(vec![b' '; LONGEST + 1]));
        assert_eq!(kept.at(session(0), 7), None);
        for number in 1..=2 * MOST as u128 {
            kept.keep(session(number), 7, Bytes::from(vec![b' '; LONGEST]));
            assert!(kept.at(session(number), 7).is_some());
            assert!(kept.by_session.len() <= MOST);
        }
    }
}
