//! The answers to heavy questions that clients have not received yet. They stay in memory until they are received, and a client may be slow, or may
//! never read. So a caller with many such bytes gets no further turn.

use std::{
    collections::BTreeMap,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, ready},
};

use aggregates::values::UserId;
use axum::{
    BoxError,
    body::{Body, Bytes, HttpBody},
    response::Response,
};
use hyper::body::{Frame, SizeHint};

/// At how many bytes a caller gets no further turn.
const MOST_OF_ONE: u64 = 64 << 20;
/// At how many bytes no caller gets a further turn.
const MOST: u64 = 512 << 20;
/// How many bytes are given to the connection at once. It takes more only when its client has received most of them.
const PIECE: usize = 64 << 10;

/// How many bytes each caller has not received yet.
#[derive(Debug)]
pub(super) struct Unsent {
    most_of_one: u64,
    most: u64,
    bytes: Mutex<BTreeMap<UserId, u64>>,
}

impl Default for Unsent {
    fn default() -> Self {
        Self::of(MOST_OF_ONE, MOST)
    }
}

impl Unsent {
    fn of(most_of_one: u64, most: u64) -> Self {
        Self {
            most_of_one,
            most,
            bytes: Mutex::default(),
        }
    }

    /// Whether there is room for another answer to this caller.
    pub(super) fn has_room_for(&self, caller: UserId) -> bool {
        let unsent = self.unsent();
        unsent.get(&caller).is_none_or(|bytes| *bytes < self.most_of_one)
            && unsent.values().sum::<u64>() < self.most
    }

    /// Counts an answer to a caller until it is received or dropped.
    pub(super) fn count(self: &Arc<Self>, caller: UserId, response: Response) -> Response {
        let Some(bytes) = response.body().size_hint().exact() else {
            return response;
        };
        if bytes <= PIECE as u64 {
            return response;
        }
        *self.unsent().entry(caller).or_default() += bytes;
        let counted = Counted {
            unsent: Arc::clone(self),
            caller,
            bytes,
        };
        response.map(|whole| {
            Body::new(Pieces {
                whole,
                next: Bytes::new(),
                left: bytes,
                _counted: counted,
            })
        })
    }

    fn unsent(&self) -> MutexGuard<'_, BTreeMap<UserId, u64>> {
        self.bytes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The bytes of an answer. Dropping it takes them from the count.
struct Counted {
    unsent: Arc<Unsent>,
    caller: UserId,
    bytes: u64,
}

impl Drop for Counted {
    fn drop(&mut self) {
        let mut unsent = self.unsent.unsent();
        if let Some(bytes) = unsent.get_mut(&self.caller) {
            *bytes = bytes.saturating_sub(self.bytes);
            if *bytes == 0 {
                unsent.remove(&self.caller);
            }
        }
    }
}

/// A body that the connection takes in pieces.
struct Pieces {
    whole: Body,
    next: Bytes,
    left: u64,
    _counted: Counted,
}

impl HttpBody for Pieces {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        while self.next.is_empty() {
            let frame = ready!(Pin::new(&mut self.whole).poll_frame(context));
            match frame {
                None => return Poll::Ready(None),
                Some(Err(error)) => return Poll::Ready(Some(Err(error.into()))),
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => self.next = data,
                    Err(other) => return Poll::Ready(Some(Ok(other))),
                },
            }
        }
        let length = self.next.len().min(PIECE);
        let piece = self.next.split_to(length);
        self.left = self.left.saturating_sub(length as u64);
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: UserId = UserId(uuid::Uuid::from_u128(1));
    const OTHER: UserId = UserId(uuid::Uuid::from_u128(2));

    fn answer(bytes: usize) -> Response {
        Response::new(Body::from(vec![b'a'; bytes]))
    }

    #[tokio::test]
    async fn a_caller_who_does_not_read_gets_no_further_answers() {
        let unsent = Arc::new(Unsent::of(640_000, 1 << 30));
        let mut kept = Vec::new();
        while unsent.has_room_for(ONE) {
            kept.push(unsent.count(ONE, answer(200_000)));
        }
        assert_eq!(kept.len(), 4);
        assert!(unsent.has_room_for(OTHER));
        // One whom everybody reads has room again.
        let read = kept.pop().map(Response::into_body);
        let read = axum::body::to_bytes(read.unwrap_or_default(), usize::MAX).await;
        assert_eq!(read.map(|bytes| bytes.len()).ok(), Some(200_000));
        assert!(unsent.has_room_for(ONE));
        drop(kept);
        assert!(unsent.unsent().is_empty());
    }

    #[tokio::test]
    async fn all_callers_together_have_a_bound() {
        let unsent = Arc::new(Unsent::of(1 << 30, 8 * 70_000));
        let mut kept = Vec::new();
        for caller in 10..18 {
            let caller = UserId(uuid::Uuid::from_u128(caller));
            assert!(unsent.has_room_for(caller));
            kept.push(unsent.count(caller, answer(70_000)));
        }
        assert!(!unsent.has_room_for(OTHER));
        kept.pop();
        assert!(unsent.has_room_for(OTHER));
    }

    #[tokio::test]
    async fn an_answer_arrives_as_it_is() {
        let unsent = Arc::new(Unsent::default());
        for bytes in [0, 1, PIECE, PIECE + 1, 3 * PIECE, 1_000_003] {
            let response = unsent.count(ONE, answer(bytes));
            assert_eq!(response.body().size_hint().exact(), Some(bytes as u64));
            let read = axum::body::to_bytes(response.into_body(), usize::MAX).await;
            assert_eq!(read.ok(), Some(Bytes::from(vec![b'a'; bytes])));
        }
        assert!(unsent.unsent().is_empty());
    }
}
