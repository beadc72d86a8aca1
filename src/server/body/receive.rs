//! Receives a body into one buffer, within the budget and a time.

use std::{future::poll_fn, pin::Pin, time::Duration};

use axum::body::{Body, Bytes, HttpBody};
use tokio::time::timeout;

use super::budget::{Budget, SMALL_BODY, Share, full};
use crate::refusal::{Refusal, RefusalKind};

/// The first buffer of a body, in bytes. A body without a credential fits.
const BEGINNING: usize = SMALL_BODY;
/// How many bytes of a body that is too large the server reads before it answers.
const MOST_SKIPPED: usize = 2 << 20;
/// How long this may take.
const SKIPPED_WITHIN: Duration = Duration::from_secs(1);

/// How a body is received.
pub(super) struct Terms<'a> {
    /// The memory for it.
    pub(super) budget: &'a Budget,
    /// The largest body that the endpoint takes, in bytes.
    pub(super) most: usize,
    /// Whether the caller has proved who they are, and may make the request. A body that may not be larger than a stranger's
    /// takes a stranger's place all the same.
    pub(super) is_admitted: bool,
    /// Whether the client sends the body only after the server asks for it (`Expect: 100-continue`).
    pub(super) is_asked_for: bool,
    /// How long the whole body may take.
    pub(super) patience: Duration,
}

/// Receives a whole body. Also returns whether it kept the server waiting.
pub(super) async fn receive(body: Body, terms: Terms<'_>) -> Result<(Vec<u8>, bool), Refusal> {
    if body.is_end_stream() {
        return Ok((Vec::new(), false));
    }
    let mut body = Arriving { body, waited: false };
    let most = match terms.is_admitted {
        true => terms.most,
        false => terms.most.min(SMALL_BODY),
    };
    let arrived = timeout(terms.patience, arrive(&mut body, most, &terms)).await;
    let arrived = arrived.unwrap_or_else(|_elapsed| {
        let message = "the body took too long";
        Err(Refusal::new(RefusalKind::Timeout, "timeout", message))
    });
    let is_too_large = |refusal: &Refusal| refusal.kind == RefusalKind::TooLarge;
    if !terms.is_asked_for && arrived.as_ref().is_err_and(is_too_large) {
        let _ = timeout(SKIPPED_WITHIN, skip(&mut body)).await;
    }
    arrived.map(|bytes| (bytes, body.waited))
}

/// A body that is arriving.
struct Arriving {
    body: Body,
    /// Whether a piece was not there when it was wanted.
    waited: bool,
}

impl Arriving {
    /// The next piece. Trailers are an empty piece.
    async fn next(&mut self) -> Option<Result<Bytes, Refusal>> {
        let piece = poll_fn(|cx| {
            let polled = Pin::new(&mut self.body).poll_frame(cx);
            self.waited |= polled.is_pending();
            polled
        });
        let piece = piece.await?;
        let piece = piece.map_err(|_| Refusal::invalid("the body cannot be read"));
        Some(piece.map(|piece| piece.into_data().unwrap_or_default()))
    }
}

async fn arrive(body: &mut Arriving, most: usize, terms: &Terms<'_>) -> Result<Vec<u8>, Refusal> {
    // If the body says how large it is, nothing of a body that is too large is read.
    if body.body.size_hint().lower() > most as u64 {
        return Err(too_large());
    }
    if terms.is_admitted && most > SMALL_BODY {
        return collect(body, most, terms.budget.of_caller()).await;
    }
    let (share, lost) = terms.budget.of_stranger();
    tokio::select! {
        biased;
        Ok(()) = lost => Err(full()),
        arrived = collect(body, most, share) => arrived,
    }
}

/// Copies the pieces of a body into one buffer. Small pieces that are kept would take many times their size.
async fn collect(body: &mut Arriving, most: usize, mut share: Share<'_>) -> Result<Vec<u8>, Refusal> {
    let mut buffer = Vec::new();
    while let Some(piece) = body.next().await {
        let data = piece?;
        let length: usize = buffer.len() + data.len();
        if length > most {
            return Err(too_large());
        }
        if length > buffer.capacity() {
            let left = body
                .body
                .size_hint()
                .upper()
                .and_then(|left| usize::try_from(left).ok());
            let end = left.map_or(most, |left| length.saturating_add(left).min(most));
            let capacity = (2 * buffer.capacity()).max(BEGINNING).min(end).max(length);
            share.grow(capacity)?;
            buffer.reserve_exact(capacity - buffer.len());
        }
        buffer.extend_from_slice(&data);
    }
    Ok(buffer)
}

/// Reads a part of a body that is refused. If the server closed while the client still sends, the client might not see
/// the answer.
async fn skip(body: &mut Arriving) {
    let mut skipped = 0;
    while skipped < MOST_SKIPPED
        && let Some(Ok(data)) = body.next().await
    {
        skipped += data.len();
    }
}

fn too_large() -> Refusal {
    Refusal::new(RefusalKind::TooLarge, "too_large", "the body is too large")
}
