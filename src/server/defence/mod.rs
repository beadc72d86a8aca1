//! Slows down clients that guess passwords, and no others. docs/login-defence.md says how and why.
//!
//! A request with a password waits for a turn before the server does any work for it. Networks and names take turns. The answer to a
//! wrong password waits: the more wrong ones came before, the longer. The answer to a right one never waits.

mod attempt;
mod bounded;
mod crowd;
mod devices;
mod draw;
mod failures;
mod known;
mod pairs;
mod queue;

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use aggregates::{text::spelling, values::UserId};
use ledger::{Clearing, clock::Clock, ids::Entropy};
use sha2::{Digest, Sha256};
use tokio::sync::oneshot;

pub(crate) use self::{
    attempt::Attempt,
    devices::{Asker, Patience},
};
use self::{
    crowd::Crowd,
    draw::Draw,
    failures::{Allowed, Failures},
    known::Known,
    queue::{Next, Queue, Rank},
};
use crate::{
    address::{ClientAddress, Network},
    identity::{Password, passwords::MayHash},
    refusal::BUSY,
};

/// How many values a mark has. Of so many wrong passwords, one has the mark of the right one.
const MARKS: u64 = 16;

/// The attempt is refused, before its password is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TooMany {
    /// Too many wait for their turn.
    #[error("too many are logging in; try again later")]
    Waiting,
    /// Too many wrong passwords for this name came from this network, from which nobody has logged in.
    #[error("too many wrong passwords came from this address; try again later")]
    Failures,
}

impl TooMany {
    /// The code of the refusal.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::Waiting => BUSY,
            Self::Failures => "too_many_failures",
        }
    }
}

/// A name, and the network from which somebody gives it. The name is a keyed digest of the user's id or, if there is no such user, of
/// the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Who {
    name: u64,
    network: Network,
}

/// How many attempts there may be at the same time.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How many have a turn.
    pub turns: usize,
    /// How many of clients wait for their turn.
    pub queue: usize,
    /// How many of devices at brokers have not been answered.
    pub devices: usize,
}

/// The defence of one process. Cloning it is cheap.
#[derive(Clone)]
pub struct Defence(Arc<Inner>);

struct Inner {
    state: Mutex<State>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    /// The key of the digests. Each process draws its own.
    key: [u8; 32],
}

struct State {
    failures: Failures,
    known: Known,
    queue: Queue<Ticket>,
    /// The attempts of devices that have not been answered.
    crowd: Crowd,
    /// How many turns nobody has.
    free: usize,
    /// Those who have a turn.
    open: Vec<Who>,
    /// The clearings that this process has found or carried out; `None` before the first look.
    cleared: Option<HashSet<Clearing>>,
}

/// An attempt to log in, as the defence sees it.
#[derive(Clone, Copy)]
pub(crate) struct Guess<'a> {
    /// Who asks.
    pub(crate) asker: Asker,
    /// From where it comes.
    pub(crate) address: ClientAddress,
    /// The name, as it was given.
    pub(crate) name: &'a str,
    /// The user of this name, if the memory of this process has one.
    pub(crate) user: Option<UserId>,
    /// The password, as it was given.
    pub(crate) password: &'a str,
}

/// What tells an attempt that waits that it has its turn, or that it is refused.
type Ticket = oneshot::Sender<Result<Turn, TooMany>>;

/// A turn. It is empty once it was passed on.
pub(crate) struct Turn(Option<(Arc<Inner>, Who)>);

impl Turn {
    /// The permission to hash passwords while the turn lasts.
    pub(crate) fn may_hash(&self) -> MayHash<'_> {
        MayHash::during(self)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some((inner, who)) = self.0.take() {
            inner.end_turn(who);
        }
    }
}

/// A place in the queue. Dropping it leaves the queue.
struct Place<'a> {
    inner: &'a Inner,
    number: u64,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.inner.state().queue.remove(self.number);
    }
}

impl Defence {
    /// A defence with these limits.
    pub fn new(limits: Limits, clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> Self {
        let Limits {
            turns,
            queue,
            devices,
        } = limits;
        let mut key = [0; 32];
        entropy.fill(&mut key);
        let state = State {
            failures: Failures::new(),
            known: Known::new(),
            queue: Queue::new(queue),
            crowd: Crowd::new(devices),
            free: turns.max(1),
            open: Vec::new(),
            cleared: None,
        };
        Self(Arc::new(Inner {
            state: Mutex::new(state),
            clock,
            entropy,
            key,
        }))
    }

    /// Waits for the turn of an attempt.
    pub(crate) async fn turn(&self, guess: Guess<'_>) -> Result<Attempt, TooMany> {
        match guess.asker {
            Asker::Client => self.queued(guess).await,
            Asker::Broker | Asker::BrokerOfMany => self.turn_of_device(guess).await,
        }
    }

    /// Waits until an attempt has its turn, or is given up.
    async fn queued(&self, guess: Guess<'_>) -> Result<Attempt, TooMany> {
        let inner = &*self.0;
        let who = Who {
            name: match guess.user {
                Some(user) => inner.name_of(user),
                None => inner.number(b"name", spelling(guess.name).as_bytes()),
            },
            network: guess.address.network(),
        };
        let mark = inner.mark(guess.password);
        let (is_known, entered) = inner.enter(&self.0, guess, who, mark)?;
        let (turn, has_waited) = match entered {
            Entered::AtOnce(turn) => (turn, false),
            Entered::Queued(number, turn) => {
                let _place = Place { inner, number };
                (turn.await.unwrap_or(Err(TooMany::Waiting))?, true)
            }
        };
        Ok(Attempt {
            who,
            mark,
            is_known,
            is_open: true,
            has_waited,
            patience: Patience::of_client(),
            turn,
        })
    }

    /// Notes that a user logged in earlier from this address, before this process started.
    pub(crate) fn recall(&self, user: UserId, address: ClientAddress, second: i64) {
        let who = Who {
            name: self.0.name_of(user),
            network: address.network(),
        };
        let mut draw = Draw::from(self.0.entropy.as_ref());
        self.0.state().known.learn(who, None, second, &mut draw);
    }

    /// Forgets all failures of a user, since somebody asked for it.
    pub(crate) fn clear(&self, clearing: Clearing) {
        let mut state = self.0.state();
        state.cleared.get_or_insert_default().insert(clearing);
        self.0.forget(&mut state, clearing.user);
    }

    /// Forgets the failures of these users, unless it has carried out the same clearing before. For the first list there is nothing to
    /// do: this process had counted no failures when it read the list.
    pub(crate) fn clear_new(&self, found: HashSet<Clearing>) {
        let mut state = self.0.state();
        if let Some(seen) = state.cleared.take() {
            for clearing in found.difference(&seen) {
                self.0.forget(&mut state, clearing.user);
            }
        }
        state.cleared = Some(found);
    }
}

/// How an attempt entered.
enum Entered {
    /// There was a free turn.
    AtOnce(Turn),
    /// It waits under this number.
    Queued(u64, oneshot::Receiver<Result<Turn, TooMany>>),
}

impl State {
    /// Whether an attempt may have its turn. Nothing limits the attempts from a network from which somebody has logged in.
    fn allows(&self, who: Who, now: Duration) -> Allowed {
        match self.known.has_network(who.network) {
            true => Allowed::Now,
            false => self.failures.allows(who, &self.open, now),
        }
    }

    /// Gives a turn away.
    fn open(&mut self, who: Who, now: Duration) {
        self.free -= 1;
        if !self.known.has_network(who.network) {
            self.failures.tries(who, now);
        }
        self.open.push(who);
    }

    /// Takes a turn back.
    fn close(&mut self, who: Who) {
        self.free += 1;
        if let Some(place) = self.open.iter().position(|open| *open == who) {
            self.open.swap_remove(place);
        }
    }

    /// The next attempt of the queue, and whether it is refused. If it is not, it has a turn.
    fn next(&mut self, now: Duration, draw: &mut Draw<'_>) -> Option<(Ticket, Result<Who, TooMany>)> {
        let (known, failures, open) = (&self.known, &self.failures, &self.open);
        let allowed = |who: Who| match known.has_network(who.network) {
            true => Allowed::Now,
            false => failures.allows(who, open, now),
        };
        let (ticket, who) = match self.queue.pop(allowed, draw)? {
            Next::Goes(ticket, who) => (ticket, who),
            Next::Refused(ticket) => return Some((ticket, Err(TooMany::Failures))),
        };
        self.open(who, now);
        Some((ticket, Ok(who)))
    }
}

impl Inner {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a free turn, or enters the queue. Also returns whether the name is known at this network.
    fn enter(
        &self,
        shared: &Arc<Self>,
        guess: Guess<'_>,
        who: Who,
        mark: u8,
    ) -> Result<(bool, Entered), TooMany> {
        let (now, second) = (self.clock.elapsed(), self.clock.now().seconds());
        let mut draw = Draw::from(self.entropy.as_ref());
        let mut state = self.state();
        let is_known = state.known.has(who, second);
        // At other networks the mark does not count: strangers could find out without a hash that most of their guesses are wrong.
        let is_trusted = is_known && state.known.mark(who.name).is_none_or(|right| right == mark);
        match state.allows(who, now) {
            Allowed::Never => return Err(TooMany::Failures),
            // If a turn is free, all who wait must wait for the end of another attempt.
            Allowed::Now if state.free > 0 => {
                state.open(who, now);
                return Ok((is_known, Entered::AtOnce(Turn(Some((Arc::clone(shared), who))))));
            }
            Allowed::Now | Allowed::Later => {}
        }
        let rank = match guess.asker {
            _ if is_trusted => Rank::Trusted,
            Asker::BrokerOfMany if guess.user.is_none() => Rank::Failing,
            Asker::BrokerOfMany => state.failures.rank_among_many(who, now),
            Asker::Client | Asker::Broker => state.failures.rank(who, now),
        };
        let (ticket, turn) = oneshot::channel();
        let number = state.queue.push(rank, who, guess.asker, ticket, &mut draw);
        Ok((is_known, Entered::Queued(number, turn)))
    }

    /// Ends a turn. Gives the free turns to the attempts that are next.
    fn end_turn(self: Arc<Self>, who: Who) {
        let now = self.clock.elapsed();
        let mut state = self.state();
        state.close(who);
        while state.free > 0 {
            let Some((ticket, next)) = state.next(now, &mut Draw::from(self.entropy.as_ref())) else {
                return;
            };
            match next {
                Ok(who) => {
                    let turn = Turn(Some((Arc::clone(&self), who)));
                    if let Err(Ok(mut unused)) = ticket.send(Ok(turn)) {
                        // The request has ended. The turn must not end itself.
                        unused.0 = None;
                        state.close(who);
                    }
                }
                // The request may have ended.
                Err(refused) => drop(ticket.send(Err(refused))),
            }
        }
    }

    fn forget(&self, state: &mut State, user: UserId) {
        state.failures.clear(self.name_of(user), self.clock.elapsed());
    }

    fn name_of(&self, user: UserId) -> u64 {
        self.number(b"user", user.0.as_bytes())
    }

    /// Four bits that depend on a password. They say little about it, but they tell most guesses apart from the right password.
    fn mark(&self, password: &str) -> u8 {
        // The mark does not depend on how the password is typed.
        let number = match Password::of(password) {
            Ok(password) => self.number(b"mark", password.as_str().as_bytes()),
            Err(_) => self.number(b"mark", password.as_bytes()),
        };
        (number % MARKS) as u8
    }

    fn number(&self, domain: &[u8], of: &[u8]) -> u64 {
        let digest = Sha256::new()
            .chain_update(self.key)
            .chain_update(domain)
            .chain_update(of);
        let digest: [u8; 32] = digest.finalize().into();
        digest.first_chunk().map_or(0, |first| u64::from_le_bytes(*first))
    }
}

#[cfg(test)]
mod tests;
