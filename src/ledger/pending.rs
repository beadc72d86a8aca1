//! What waits in the appender's queue.

use tokio::sync::{mpsc, oneshot};

use super::{AppendError, Unit, appender::Answer, beside::Beside, landing::Load};

/// How many units a batch has at most.
pub(super) const BATCH: usize = 512;
/// How many events a batch has at most. Only a batch of one unit may have more. A unit may have a thousand events, and the
/// database must write a batch much faster than the time for which the appender waits.
const EVENTS: usize = 4_096;

/// A message to the appender.
pub(super) enum Waiting {
    /// A unit to append.
    Unit(Box<Unit>, Answer),
    /// Erase the key of this subject, and everything derived from the data that the key sealed.
    Erase(String, oneshot::Sender<Result<bool, AppendError>>),
    /// Do this work on tables that no event changes, in a transaction of its own.
    Beside(Box<dyn Beside>, oneshot::Sender<Result<u64, AppendError>>),
    /// Answer when all earlier messages are done. No message may follow.
    Close(oneshot::Sender<()>),
}

/// Work on other tables, and the channel to the caller who waits for it.
type WaitingBeside = (Box<dyn Beside>, oneshot::Sender<Result<u64, AppendError>>);

/// What waits to be written.
#[derive(Default)]
pub(super) struct Pending {
    pub(super) load: Load,
    pub(super) erasures: Vec<(String, oneshot::Sender<Result<bool, AppendError>>)>,
    pub(super) beside: Vec<WaitingBeside>,
    pub(super) closing: Option<oneshot::Sender<()>>,
    received: Vec<Waiting>,
}

impl Pending {
    pub(super) fn len(&self) -> usize {
        self.load.units.len() + self.erasures.len() + self.beside.len() + usize::from(self.closing.is_some())
    }

    /// Whether only units wait. While anything else waits, the appender takes nothing more from the queue, so that
    /// its turn comes.
    pub(super) fn is_plain(&self) -> bool {
        self.erasures.is_empty() && self.beside.is_empty() && self.closing.is_none()
    }

    /// The first units, as many as fit into a batch.
    pub(super) fn batch(&self) -> &[Unit] {
        self.load.units.get(..self.fitting()).unwrap_or_default()
    }

    /// Takes these units and their callers out.
    pub(super) fn take_batch(&mut self) -> Load {
        let rest = self.fitting();
        let later = Load {
            units: self.load.units.split_off(rest),
            answers: self.load.answers.split_off(rest),
        };
        std::mem::replace(&mut self.load, later)
    }

    fn fitting(&self) -> usize {
        let mut events = 0;
        let fits = |unit: &&Unit| {
            events += unit.events.len();
            events <= EVENTS
        };
        let fitting = self.load.units.iter().take_while(fits).count();
        fitting.max(1).min(self.load.units.len())
    }

    /// Waits for more messages and takes them, until there are `enough`. Returns `false` if the queue is closed and empty.
    pub(super) async fn receive(&mut self, queue: &mut mpsc::Receiver<Waiting>, enough: usize) -> bool {
        let room = enough.saturating_sub(self.len());
        if queue.recv_many(&mut self.received, room).await == 0 {
            return false;
        }
        self.sort();
        true
    }

    /// The callers of the last batch have their answers and may send their next units at once. This function gives them the
    /// time to do so, until there are `enough` messages. So these units are in this batch, too.
    pub(super) async fn receive_the_rest(&mut self, queue: &mut mpsc::Receiver<Waiting>, enough: usize) {
        let mut before = 0;
        while self.is_plain() && self.len() < enough && self.len() > before {
            before = self.len();
            tokio::task::yield_now().await;
            while self.len() + self.received.len() < enough
                && let Ok(next) = queue.try_recv()
            {
                self.received.push(next);
            }
            self.sort();
        }
    }

    fn sort(&mut self) {
        for waiting in self.received.drain(..) {
            match waiting {
                Waiting::Unit(unit, answer) => {
                    self.load.units.push(*unit);
                    self.load.answers.push(answer);
                }
                Waiting::Erase(subject, answer) => self.erasures.push((subject, answer)),
                Waiting::Beside(work, answer) => self.beside.push((work, answer)),
                Waiting::Close(done) => self.closing = Some(done),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use aggregates::{Event, user::UserEvent, values::RoleId};
    use proptest::prelude::*;

    use super::*;
    use crate::{Metadata, NewEvent};

    fn pending(events: &[usize]) -> Pending {
        let mut pending = Pending::default();
        for (number, count) in events.iter().enumerate() {
            let event = |sequence: usize| NewEvent {
                aggregate_id: number.to_string(),
                sequence: i64::try_from(sequence + 1).unwrap(),
                event: Event::User(UserEvent::RoleGranted {
                    role_id: RoleId::ADMINISTRATOR,
                    exclusive: false,
                }),
            };
            let unit = Unit {
                events: (0..*count).map(event).collect(),
                ..Unit::new(Metadata::system("test"))
            };
            pending.load.units.push(unit);
            pending.load.answers.push(oneshot::channel().0);
        }
        pending
    }

    proptest! {
        #[test]
        fn batches_hold_all_units_in_order_and_few_events(events in prop::collection::vec(0_usize..3_000, 0..20)) {
            let mut pending = pending(&events);
            let mut taken = Vec::new();
            while pending.len() > 0 {
                let decided = pending.batch().len();
                let load = pending.take_batch();
                prop_assert_eq!((load.units.len(), load.answers.len()), (decided, decided));
                let counts: Vec<usize> = load.units.iter().map(|unit| unit.events.len()).collect();
                let sum = counts.iter().sum::<usize>();
                prop_assert!(decided == 1 || decided > 1 && sum <= EVENTS, "{:?}", counts);
                if let Some(next) = pending.batch().first() {
                    prop_assert!(sum + next.events.len() > EVENTS, "the batch had room for the next unit");
                }
                taken.extend(counts);
            }
            prop_assert_eq!(taken, events);
        }
    }
}
