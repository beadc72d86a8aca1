//! What the task that watches all connections knows about each connection, at almost no cost per request.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering},
    },
    task::{Context, Poll},
};

use futures_util::task::AtomicWaker;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};

/// This value instead of a tick means that a request is being answered.
const BUSY: u64 = u64::MAX;

/// An order to a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// Continue.
    None = 0,
    /// Accept no more requests.
    Finish = 1,
    /// End.
    End = 2,
}

/// A connection, as the watching task sees it. Its time is counted in the ticks of that task.
#[derive(Debug)]
pub(super) struct Watched {
    /// Since which tick the connection is idle, or [`BUSY`]. Idle means that no request is being answered and the
    /// client takes nothing of an answer. Bytes that arrive do not count: else a client could keep a connection for
    /// ever by sending one byte of a head now and then.
    idle_since: AtomicU64,
    /// Whether the connection has made a request.
    has_asked: AtomicBool,
    order: AtomicU8,
    waker: AtomicWaker,
    ticks: Arc<AtomicU64>,
}

impl Watched {
    /// A new connection. `ticks` is the time of the watching task.
    pub(super) fn new(ticks: Arc<AtomicU64>) -> Self {
        Self {
            idle_since: AtomicU64::new(ticks.load(Ordering::Relaxed)),
            has_asked: AtomicBool::new(false),
            order: AtomicU8::new(Order::None as u8),
            waker: AtomicWaker::new(),
            ticks,
        }
    }

    /// A request has arrived.
    pub(super) fn begin(&self) {
        self.idle_since.store(BUSY, Ordering::Relaxed);
        self.has_asked.store(true, Ordering::Relaxed);
    }

    /// The answer is ready, but perhaps not sent yet.
    pub(super) fn finish(&self) {
        self.idle_since
            .store(self.ticks.load(Ordering::Relaxed), Ordering::Relaxed);
    }

    fn wrote(&self) {
        if self.idle_since.load(Ordering::Relaxed) != BUSY {
            self.finish();
        }
    }

    /// Since which tick it is idle; `None` while a request is being answered.
    pub(super) fn idle_since(&self) -> Option<u64> {
        Some(self.idle_since.load(Ordering::Relaxed)).filter(|since| *since != BUSY)
    }

    /// Whether it has never made a request.
    pub(super) fn is_silent(&self) -> bool {
        !self.has_asked.load(Ordering::Relaxed)
    }

    /// Whether its task has the order to end.
    #[cfg(test)]
    pub(super) fn is_told_to_end(&self) -> bool {
        self.order.load(Ordering::Relaxed) == Order::End as u8
    }

    /// Gives an order to the connection's task.
    pub(super) fn tell(&self, order: Order) {
        self.order.fetch_max(order as u8, Ordering::Release);
        self.waker.wake();
    }

    /// The order to the connection's task. The task is woken when the order changes.
    pub(super) fn order(&self, cx: &Context<'_>) -> Order {
        self.waker.register(cx.waker());
        match self.order.load(Ordering::Acquire) {
            0 => Order::None,
            1 => Order::Finish,
            _ => Order::End,
        }
    }
}

/// A connection's stream. It notes when the client took data.
#[derive(Debug)]
pub(super) struct Stream<S> {
    io: TokioIo<S>,
    watched: Arc<Watched>,
}

impl<S> Stream<S> {
    /// Watches this stream.
    pub(super) fn new(stream: S, watched: Arc<Watched>) -> Self {
        Self {
            io: TokioIo::new(stream),
            watched,
        }
    }
}

impl<S: AsyncRead + Unpin> Read for Stream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, buffer)
    }
}

impl<S: AsyncWrite + Unpin> Write for Stream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        let polled = Pin::new(&mut self.io).poll_write(cx, bytes);
        if polled.is_ready() {
            self.watched.wrote();
        }
        polled
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[std::io::IoSlice<'_>],
    ) -> Poll<std::io::Result<usize>> {
        let polled = Pin::new(&mut self.io).poll_write_vectored(cx, bytes);
        if polled.is_ready() {
            self.watched.wrote();
        }
        polled
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}
