//! Receives a body into one buffer, within the budget and a time.

use std::{future::poll_fn, pin::Pin, time::Duration};

use axum::body::{Body, Bytes, HttpBody};
use tokio::time::timeout;

use super::budget::{Budget, MOST_OF_A_STRANGER, Share, full};
use crate::refusal::{Refusal, RefusalKind};

/// The first buffer of a body, in bytes. A body without a credential fits.
const BEGINNING: usize = MOST_OF_A_STRANGER;
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
    /// Whether the caller has proved who they are, and may make the request.
    pub(super) is_admitted: bool,
    /// Whether the client sends the body only after the server asks for it (`Expect: 100-continue`).
    pub(super) is_asked_for: bool,
    /// How long the whole body may take.
    pub(super) patience: Duration,
}

/// Receives a whole body.
pub(super) async fn receive(mut body: Body, terms: Terms<'_>) -> Result<Vec<u8>, Refusal> {
    if body.is_end_stream() {
        return Ok(Vec::new());
    }
    let most = match terms.is_admitted {
        true => terms.most,
        false => terms.most.min(MOST_OF_A_STRANGER),
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
    arrived
}

async fn arrive(body: &mut Body, most: usize, terms: &Terms<'_>) -> Result<Vec<u8>, Refusal> {
    // If the body says how large it is, nothing of a body that is too large is read.
    if body.size_hint().lower() > most as u64 {
        return Err(too_large());
    }
    if terms.is_admitted {
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
async fn collect(body: &mut Body, most: usize, mut share: Share<'_>) -> Result<Vec<u8>, Refusal> {
    let mut buffer = Vec::new();
    while let Some(piece) = next(body).await {
        let data = piece?;
        let length: usize = buffer.len() + data.len();
        if length > most {
            return Err(too_large());
        }
        if length > buffer.capacity() {
            let left = body
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
async fn skip(body: &mut Body) {
    let mut skipped = 0;
    while skipped < MOST_SKIPPED
        && let Some(Ok(data)) = next(body).await
    {
        skipped += data.len();
    }
}

/// The next piece of a body. Trailers are an empty piece.
async fn next(body: &mut Body) -> Option<Result<Bytes, Refusal>> {
    let piece = poll_fn(|cx| Pin::new(&mut *body).poll_frame(cx)).await?;
    let piece = piece.map_err(|_| Refusal::invalid("the body cannot be read"));
    Some(piece.map(|piece| piece.into_data().unwrap_or_default()))
}

fn too_large() -> Refusal {
    Refusal::new(RefusalKind::TooLarge, "too_large", "the body is too large")
}
