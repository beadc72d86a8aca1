//! Loads streams for commands. One look-up reads all streams that commands need at the same time: for each stream its snapshot,
//! and the events after it.

mod look_up;

use std::{
    collections::{HashMap, VecDeque},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use aggregates::State;
use projections::sql::{Db, Reader};
use tokio::sync::{mpsc, oneshot};

use super::{
    Cause, LedgerError, Sealer,
    error::{NotLoaded, Obstacle, within},
    executor::Stream,
    reached::Reached,
    snapshots::Newest,
};

/// How many requests the queue holds. Further callers wait until it has room.
const QUEUE: usize = 1_024;
/// How many streams one look-up reads at most.
const STREAMS: usize = 256;
/// How long a look-up may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// A stream to load.
pub(super) struct Wanted {
    pub(super) stream: Stream,
    /// The state before the first event.
    pub(super) first: State,
}

/// A stream that was loaded.
pub(super) struct Found {
    pub(super) state: State,
    /// The sequence of the last event; 0 if there is no event.
    pub(super) sequence: i64,
    pub(super) newest: Newest,
}

type Answer = Result<Found, Cause>;

enum Message {
    Load(Vec<Wanted>, oneshot::Sender<Vec<Answer>>),
    /// Closes the connection, and answers.
    Close(oneshot::Sender<()>),
}

/// What this process has read to load streams.
#[derive(Debug, Default)]
pub struct Loads {
    look_ups: AtomicU64,
    streams: AtomicU64,
    events: AtomicU64,
    snapshots: AtomicU64,
    misfits: AtomicU64,
}

impl Loads {
    /// Statements that read streams. One statement reads several streams.
    pub fn look_ups(&self) -> u64 {
        self.look_ups.load(Ordering::Relaxed)
    }

    /// Streams that were loaded.
    pub fn streams(&self) -> u64 {
        self.streams.load(Ordering::Relaxed)
    }

    /// Events that were read. The events on which snapshots stand count, too.
    pub fn events(&self) -> u64 {
        self.events.load(Ordering::Relaxed)
    }

    /// Streams that were loaded from a snapshot.
    pub fn snapshots(&self) -> u64 {
        self.snapshots.load(Ordering::Relaxed)
    }

    /// Snapshots that did not fit the ledger, or could not be opened. They were not used.
    pub fn misfits(&self) -> u64 {
        self.misfits.load(Ordering::Relaxed)
    }

    fn count(of: &AtomicU64, number: usize) {
        of.fetch_add(number as u64, Ordering::Relaxed);
    }
}

/// Sends requests to the loading task.
#[derive(Clone)]
pub(super) struct Loader {
    queue: mpsc::Sender<Message>,
    loads: Arc<Loads>,
}

impl Loader {
    pub(super) fn start(db: &Db, sealer: Arc<Sealer>, reached: Arc<Reached>) -> Self {
        let (queue, waiting) = mpsc::channel(QUEUE);
        let loads = Arc::new(Loads::default());
        let task = Task {
            reader: db.reader(),
            sealer,
            reached,
            loads: Arc::clone(&loads),
            asks: HashMap::new(),
            made: 0,
            open: VecDeque::new(),
        };
        tokio::spawn(task.run(waiting));
        Self { queue, loads }
    }

    /// Loads these streams. The answers are in the same order.
    pub(super) async fn load(&self, wanted: Vec<Wanted>) -> Vec<Answer> {
        let count = wanted.len();
        let (answer, answered) = oneshot::channel();
        let sent = self.queue.send(Message::Load(wanted, answer)).await;
        let closed = || {
            (0..count)
                .map(|_| Err(Arc::new(Obstacle::Closed) as Cause))
                .collect()
        };
        match sent {
            Ok(()) => answered.await.unwrap_or_else(|_| closed()),
            Err(_) => closed(),
        }
    }

    pub(super) fn loads(&self) -> &Loads {
        &self.loads
    }

    /// Ends when the loading task is gone.
    pub(super) async fn gone(&self) {
        self.queue.closed().await;
    }

    /// Answers no more requests, and closes the connection.
    pub(super) async fn close(&self) {
        let (done, closed) = oneshot::channel();
        if self.queue.send(Message::Close(done)).await.is_ok() {
            let _ = closed.await;
        }
    }
}

/// Loads what waits in the queue.
struct Task {
    reader: Reader,
    sealer: Arc<Sealer>,
    reached: Arc<Reached>,
    loads: Arc<Loads>,
    /// The requests that are not answered, by their numbers.
    asks: HashMap<u64, Ask>,
    /// How many requests there were.
    made: u64,
    /// The streams that are not loaded to their ends.
    open: VecDeque<Item>,
}

/// A request.
struct Ask {
    answers: Vec<Option<Answer>>,
    missing: usize,
    answer: oneshot::Sender<Vec<Answer>>,
}

/// A stream that is being loaded.
struct Item {
    /// The number of the request, and the place in it.
    place: (u64, usize),
    wanted: Wanted,
    /// The state after the events that were read.
    state: State,
    /// The sequence of the last event that was read.
    sequence: i64,
    newest: Newest,
    /// Whether to begin with the snapshot.
    use_snapshot: bool,
}

impl Item {
    /// The version of the snapshot to begin with; `None` to go on after the last event.
    fn version(&self) -> Option<i64> {
        self.use_snapshot.then(|| self.state.version())
    }

    /// Begins again.
    fn restart(&mut self) {
        self.state = self.wanted.first.clone();
        self.sequence = 0;
        self.newest = Newest::default();
    }
}

impl Task {
    async fn run(mut self, mut queue: mpsc::Receiver<Message>) {
        loop {
            if self.open.is_empty() {
                match queue.recv().await {
                    Some(message) => {
                        if let Some(done) = self.take(message) {
                            return self.close(done).await;
                        }
                    }
                    None => return,
                }
            }
            // Many callers have their answers at the same time, and send their next requests at once. Give them the time to do so,
            // so that the same look-up reads these streams, too.
            let mut before = 0;
            while self.open.len() > before && self.open.len() < STREAMS {
                before = self.open.len();
                tokio::task::yield_now().await;
                while self.open.len() < STREAMS
                    && let Ok(message) = queue.try_recv()
                {
                    if let Some(done) = self.take(message) {
                        return self.close(done).await;
                    }
                }
            }
            self.load_next().await;
        }
    }

    /// Takes a message from the queue. Returns whom to answer if the task must end.
    fn take(&mut self, message: Message) -> Option<oneshot::Sender<()>> {
        let (wanted, answer) = match message {
            Message::Load(wanted, answer) => (wanted, answer),
            Message::Close(done) => return Some(done),
        };
        self.made += 1;
        let ask = Ask {
            answers: wanted.iter().map(|_| None).collect(),
            missing: wanted.len(),
            answer,
        };
        self.asks.insert(self.made, ask);
        let items = wanted.into_iter().enumerate().map(|(place, wanted)| Item {
            place: (self.made, place),
            state: wanted.first.clone(),
            wanted,
            sequence: 0,
            newest: Newest::default(),
            use_snapshot: true,
        });
        self.open.extend(items);
        None
    }

    /// Ends. Requests that are not answered get an error, since their channels are dropped.
    async fn close(mut self, done: oneshot::Sender<()>) {
        self.asks.clear();
        self.reader.close().await;
        let _ = done.send(());
    }

    /// Reads the next events of the streams that have waited longest.
    async fn load_next(&mut self) {
        let count = self.open.len().min(STREAMS);
        let mut items: Vec<Item> = self.open.drain(..count).collect();
        let looked = within(PATIENCE, self.look_up(&mut items)).await;
        match looked {
            Ok(progress) => {
                for (item, progress) in items.into_iter().zip(progress) {
                    match progress {
                        Ok(look_up::Progress::Ended) => self.found(item),
                        Ok(look_up::Progress::GoesOn) => self.open.push_back(item),
                        Err(error) => self.failed(&item, Arc::new(error)),
                    }
                }
            }
            Err(error) => {
                let cause = Arc::new(error);
                items
                    .iter()
                    .for_each(|item| self.failed(item, Arc::clone(&cause)));
            }
        }
    }

    fn found(&mut self, item: Item) {
        Loads::count(&self.loads.streams, 1);
        let found = Found {
            state: item.state,
            sequence: item.sequence,
            newest: item.newest,
        };
        self.settle(item.place, Ok(found));
    }

    fn failed(&mut self, item: &Item, cause: Arc<LedgerError>) {
        let not_loaded = NotLoaded::because(&item.wanted.stream, cause);
        self.settle(item.place, Err(Arc::new(not_loaded)));
    }

    /// Notes an answer. Sends the answers of a request once they are complete.
    fn settle(&mut self, (number, place): (u64, usize), answer: Answer) {
        let Some(ask) = self.asks.get_mut(&number) else {
            return;
        };
        if let Some(room) = ask.answers.get_mut(place) {
            *room = Some(answer);
            ask.missing -= 1;
        }
        if ask.missing == 0
            && let Some(ask) = self.asks.remove(&number)
        {
            // The caller may have hung up.
            let _ = ask.answer.send(ask.answers.into_iter().flatten().collect());
        }
    }
}
