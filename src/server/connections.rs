//! Accepts connections, and ends them.
//!
//! A connection that does not send a whole head of a request for a while is closed, whether it is silent, idle or slow.
//! If there is one connection too many, an idle one of the network with the most connections ends (`room.rs`). If there is no such
//! connection, the new one gets the answer that there are too many; over TLS it is closed. One task checks all connections from time to time, so no request
//! needs a timer of its own.

mod room;

use std::{
    convert::Infallible,
    future::{poll_fn, ready},
    io::{self, ErrorKind},
    net::SocketAddr,
    pin::pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    task::Poll,
    time::Duration,
};

use axum::http::Request;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::{error::Elapsed, sleep, timeout},
};
use tokio_rustls::server::TlsStream;

use self::room::Room;
use crate::{
    address::{ClientAddress, Network},
    front::Front,
    reached::Reached,
    tls::{ClientCertificate, Tls},
    watched::{Order, Stream, Watched},
};

/// How many times the connections are checked within their patience.
const LOOKS: u64 = 4;
/// How many connections above the limit get an answer at the same time; further ones are closed without an answer.
const REFUSED_AT_ONCE: usize = 64;
/// How long the answer to a connection above the limit may take.
const REFUSED_WITHIN: Duration = Duration::from_secs(2);
/// How often the connections are checked while the server ends.
const LOOK_WHILE_ENDING: Duration = Duration::from_millis(100);
/// For how many such checks an idle connection stays open, so that it can send the rest of an answer.
const LOOKS_WHILE_ENDING: u64 = 10;
/// How many bytes of a connection the server reads ahead. The head of a request must fit: the longest URI that hyper takes (64 KiB), and
/// headers.
const MOST_READ_AHEAD: usize = 80 << 10;
/// How long the server waits if it has no more file descriptors.
const BREATH: Duration = Duration::from_millis(100);

/// How many connections may be open, and how long they may be silent.
#[derive(Clone, Copy, Debug)]
pub struct Doors {
    /// The most connections at the same time.
    pub connections: usize,
    /// How long a connection may wait for the whole head of a request.
    pub patience: Duration,
}

/// Serves until `stop`. Then it accepts no more connections, answers the requests that have begun, and returns.
pub async fn serve(listener: TcpListener, front: Arc<Front>, doors: Doors, stop: impl Future<Output = ()>) {
    serve_over(None, listener, front, doors, stop).await;
}

/// The same, over TLS if there is a certificate.
pub async fn serve_over(
    tls: Option<Arc<Tls>>,
    listener: TcpListener,
    front: Arc<Front>,
    doors: Doors,
    stop: impl Future<Output = ()>,
) {
    let all = Arc::new(Connections::new(doors.connections));
    let refusals = Arc::new(Connections::new(REFUSED_AT_ONCE));
    let mut stop = pin!(stop);
    let mut watch = pin!(all.watch(doors.patience));
    let scheme = if tls.is_some() { "https" } else { "http" };
    loop {
        let accepted = tokio::select! {
            () = &mut stop => break,
            () = &mut watch => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                // The server writes an answer at once, so the socket need not wait for more data.
                let _ = stream.set_nodelay(true);
                let reached = stream.local_addr().ok();
                let reached = reached.map(|address| Reached::by(scheme, address));
                let network = ClientAddress::of(peer.ip()).network();
                if let Some(entry) = all.enter(network) {
                    let front = Arc::clone(&front);
                    match &tls {
                        None => drop(tokio::spawn(converse(
                            front,
                            stream,
                            (peer, reached),
                            None,
                            entry,
                        ))),
                        Some(tls) => {
                            let handshake = timeout(doors.patience, Arc::clone(tls).accept(stream));
                            tokio::spawn(greet(front, handshake, (peer, reached), entry));
                        }
                    }
                } else if tls.is_none()
                    && let Some(entry) = refusals.enter(network)
                {
                    tokio::spawn(refuse(Arc::clone(&front), stream, entry));
                }
            }
            // The client has closed the connection.
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset
                ) => {}
            Err(error) => {
                tracing::error!(%error, "cannot accept a connection");
                sleep(BREATH).await;
            }
        }
    }
    drop(listener);
    all.end().await;
}

/// Serves one connection after its handshake. A client that does not finish it in time is not served.
async fn greet(
    front: Arc<Front>,
    handshake: impl Future<Output = Result<io::Result<TlsStream<TcpStream>>, Elapsed>>,
    ends: Ends,
    entry: Entry,
) {
    let mut handshake = pin!(handshake);
    let greeted = poll_fn(|cx| match entry.watched.order(cx) {
        // Errors between the server and a client need no action.
        Order::None => handshake.as_mut().poll(cx).map(|ended| ended.ok()?.ok()),
        Order::Finish | Order::End => Poll::Ready(None),
    });
    if let Some(stream) = greeted.await {
        let certificate = ClientCertificate::of(stream.get_ref().1);
        converse(front, stream, ends, certificate, entry).await;
    }
}

/// The two ends of a connection: the client's address, and where it reached the server.
type Ends = (SocketAddr, Option<Reached>);

/// Serves one connection, from its first request to its last. Each request has the certificate that the client has shown.
async fn converse(
    front: Arc<Front>,
    stream: impl AsyncRead + AsyncWrite + Unpin,
    (peer, reached): Ends,
    certificate: Option<ClientCertificate>,
    entry: Entry,
) {
    let (front, watched, certificate, reached) = (&*front, &*entry.watched, &certificate, &reached);
    let service = service_fn(move |mut request: Request<Incoming>| async move {
        watched.begin();
        if let Some(certificate) = certificate {
            request.extensions_mut().insert(certificate.clone());
        }
        if let Some(reached) = reached {
            request.extensions_mut().insert(reached.clone());
        }
        let response = front.answer(peer, request).await;
        watched.finish();
        Ok::<_, Infallible>(response)
    });
    let stream = Stream::new(stream, Arc::clone(&entry.watched));
    let mut connection = pin!(builder().serve_connection(stream, service));
    let mut finishing = false;
    poll_fn(|cx| {
        match watched.order(cx) {
            Order::End => return Poll::Ready(()),
            Order::Finish if !finishing => {
                finishing = true;
                connection.as_mut().graceful_shutdown();
            }
            _ => {}
        }
        // Errors between the server and a client need no action.
        connection.as_mut().poll(cx).map(drop)
    })
    .await;
}

fn builder() -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder.max_buf_size(MOST_READ_AHEAD);
    builder
}

/// Answers a connection above the limit, after the head of its request. A connection that sends none makes room for others.
async fn refuse(front: Arc<Front>, stream: TcpStream, entry: Entry) {
    let (front, watched) = (&*front, &*entry.watched);
    let service = service_fn(move |request| {
        watched.begin();
        ready(Ok::<_, Infallible>(front.busy(&request)))
    });
    let mut builder = builder();
    let connection = builder
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), service);
    let answered = async {
        if let Ok(parts) = connection.without_shutdown().await {
            close(parts.io.into_inner()).await;
        }
    };
    let mut answered = pin!(timeout(REFUSED_WITHIN, answered));
    poll_fn(|cx| match watched.order(cx) {
        Order::End => Poll::Ready(()),
        Order::None | Order::Finish => answered.as_mut().poll(cx).map(drop),
    })
    .await;
}

/// Closes a connection, and reads what the client still sends. If the server left it unread, the system would reset the connection, and
/// the client might lose the answer.
async fn close(mut stream: TcpStream) {
    let mut unread = [0; 4_096];
    if stream.shutdown().await.is_ok() {
        while matches!(stream.read(&mut unread).await, Ok(1..)) {}
    }
}

/// All connections.
struct Connections {
    ticks: Arc<AtomicU64>,
    room: Mutex<Room>,
}

/// One of the connections. Dropping the entry removes it.
struct Entry {
    number: u64,
    watched: Arc<Watched>,
    all: Arc<Connections>,
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.all.room().leave(self.number);
    }
}

impl Connections {
    fn new(most: usize) -> Self {
        Self {
            ticks: Arc::default(),
            room: Mutex::new(Room::new(most)),
        }
    }

    fn room(&self) -> MutexGuard<'_, Room> {
        self.room.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets a new connection in, if there is a place for it.
    fn enter(self: &Arc<Self>, network: Network) -> Option<Entry> {
        let watched = Arc::new(Watched::new(Arc::clone(&self.ticks)));
        let number = self.room().enter(network, Arc::clone(&watched))?;
        Some(Entry {
            number,
            watched,
            all: Arc::clone(self),
        })
    }

    /// Repeatedly ends the connections that have been idle for this long.
    async fn watch(&self, patience: Duration) {
        loop {
            sleep(patience / LOOKS as u32).await;
            self.end_idle(LOOKS, 0);
        }
    }

    /// Ends all connections: idle ones soon, the others after the answer to their request.
    async fn end(&self) {
        let begun = self.ticks.load(Ordering::Relaxed);
        for watched in self.room().iter() {
            watched.tell(Order::Finish);
        }
        while !self.room().is_empty() {
            sleep(LOOK_WHILE_ENDING).await;
            self.end_idle(LOOKS_WHILE_ENDING, begun);
        }
    }

    /// Ends the connections that were idle for this many ticks, counted from `begun` on.
    fn end_idle(&self, ticks: u64, begun: u64) {
        let now = self.ticks.fetch_add(1, Ordering::Relaxed) + 1;
        for watched in self.room().iter() {
            let since = watched.idle_since().map(|since| since.max(begun));
            if since.is_some_and(|since| now - since > ticks) {
                watched.tell(Order::End);
            }
        }
    }
}
