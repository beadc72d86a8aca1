//! What the watch over all connections knows of each, at next to no cost per request.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU8, AtomicU64, Ordering},
    },
    task::{Context, Poll},
};

use futures_util::task::AtomicWaker;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// In the place of a tick: a request is being answered.
const BUSY: u64 = u64::MAX;

/// An order to a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// To go on.
    None = 0,
    /// To take no more requests.
    Finish = 1,
    /// To end.
    End = 2,
}

/// A connection, as the watch sees it. Its time is counted in ticks of the watch.
#[derive(Debug)]
pub(super) struct Watched {
    /// Since when no request is being answered and nothing of an answer was taken by the client, or [`BUSY`]. What arrives
    /// does not count: one byte of a head now and then would keep a connection for ever.
    idle_since: AtomicU64,
    order: AtomicU8,
    waker: AtomicWaker,
    ticks: Arc<AtomicU64>,
}

impl Watched {
    /// A new connection. `ticks` is the watch's time.
    pub(super) fn new(ticks: Arc<AtomicU64>) -> Self {
        Self {
            idle_since: AtomicU64::new(ticks.load(Ordering::Relaxed)),
            order: AtomicU8::new(Order::None as u8),
            waker: AtomicWaker::new(),
            ticks,
        }
    }

    /// A request has arrived.
    pub(super) fn begin(&self) {
        self.idle_since.store(BUSY, Ordering::Relaxed);
    }

    /// Its answer is there, though perhaps not sent.
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

    /// Tells the connection's task.
    pub(super) fn tell(&self, order: Order) {
        self.order.fetch_max(order as u8, Ordering::Release);
        self.waker.wake();
    }

    /// The order to the connection's task, which is woken when the order changes.
    pub(super) fn order(&self, cx: &Context<'_>) -> Order {
        self.waker.register(cx.waker());
        match self.order.load(Ordering::Acquire) {
            0 => Order::None,
            1 => Order::Finish,
            _ => Order::End,
        }
    }
}

/// A connection's stream. It notes when the client took something.
#[derive(Debug)]
pub(super) struct Stream {
    io: TokioIo<TcpStream>,
    watched: Arc<Watched>,
}

impl Stream {
    /// This stream, watched.
    pub(super) fn new(stream: TcpStream, watched: Arc<Watched>) -> Self {
        Self {
            io: TokioIo::new(stream),
            watched,
        }
    }
}

impl Read for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, buffer)
    }
}

impl Write for Stream {
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
