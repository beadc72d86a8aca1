//! Heavy questions: those that may look at all users, or read long histories.
//!
//! They have one budget of work. A few run at the same time, on threads of their own, so that they do not delay other
//! requests. Callers take turns: a caller with many questions does not keep out a caller with one. A question that is no longer
//! wanted gives its turn back within a few steps. Answers that clients do not read have a bound, too.

use std::{
    collections::{BTreeMap, VecDeque},
    marker::PhantomData,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use aggregates::values::UserId;
use authorization::Interest;
use axum::{
    extract::FromRequestParts,
    http::request::Parts,
    response::{IntoResponse, Response},
};
use tokio::{runtime::Handle, sync::oneshot, time::timeout};

use crate::{
    app::App,
    caller::Caller,
    permitted::{Permitted, Policy, judge},
    refusal::{BUSY, Refusal, RefusalKind},
};

#[cfg(test)]
mod tests;
mod unsent;

use self::unsent::Unsent;

/// How many heavy questions may run and wait.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// How many questions run at the same time.
    pub(crate) running: usize,
    /// How many questions of one caller may wait for a turn.
    pub(crate) waiting_of_one: usize,
    /// How many questions may wait for a turn.
    pub(crate) waiting: usize,
    /// How long a question may wait for a turn.
    pub(crate) patience: Duration,
    /// What a caller reads whose question is refused.
    pub(crate) busy: &'static str,
}

/// The budget of all heavy questions.
pub(crate) struct Desk {
    bounds: Bounds,
    queue: Mutex<Queue>,
    unsent: Arc<Unsent>,
}

#[derive(Default)]
struct Queue {
    /// How many questions of each caller run.
    running: BTreeMap<UserId, usize>,
    /// The callers with waiting questions, in the order in which they get turns.
    callers: VecDeque<(UserId, VecDeque<Waiting>)>,
    /// The number of the next question that waits.
    next: u64,
}

/// A question that waits for its turn.
struct Waiting {
    number: u64,
    go: oneshot::Sender<Place>,
}

/// The right to run. Dropping it gives the turn to the next caller.
#[derive(Debug)]
pub(crate) struct Place {
    desk: Arc<Desk>,
    caller: UserId,
}

/// A question whose turn it is. When it is dropped, nobody wants the answer any more, and work that still runs ends soon.
#[derive(Debug)]
pub struct Turn {
    place: Arc<Place>,
    interest: Interest,
    waited: bool,
}

impl std::fmt::Debug for Desk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Desk")
            .field("bounds", &self.bounds)
            .finish_non_exhaustive()
    }
}

impl Desk {
    pub(crate) fn new(bounds: Bounds) -> Arc<Self> {
        Arc::new(Self {
            bounds,
            queue: Mutex::default(),
            unsent: Arc::default(),
        })
    }

    /// Waits until it is the turn of a caller's question. Refuses the question if too many wait, or if it waited too long.
    pub(crate) async fn turn(self: &Arc<Self>, caller: UserId) -> Result<Turn, Refusal> {
        let (place, waited) = self.place(caller).await?;
        Ok(Turn {
            place: Arc::new(place),
            interest: Interest::new(),
            waited,
        })
    }

    /// Waits like [`Desk::turn`], for work that this desk does not run itself. Also returns whether the work waited.
    pub(crate) async fn place(self: &Arc<Self>, caller: UserId) -> Result<(Place, bool), Refusal> {
        match self.ask(caller, self.bounds)? {
            Asked::Now(place) => Ok((place, false)),
            Asked::Later(waiting, mut go) => {
                let place = timeout(self.bounds.patience, &mut go).await;
                // The question may have got its turn in this moment.
                let place = place.ok().and_then(Result::ok).or_else(|| go.try_recv().ok());
                drop(waiting);
                Ok((place.ok_or_else(|| self.busy())?, true))
            }
        }
    }

    /// Waits like [`Desk::place`], but as long as necessary: for the rest of a request whose first part had its turn.
    pub(crate) async fn place_for_rest(self: &Arc<Self>, caller: UserId) -> Result<Place, Refusal> {
        let unbounded = Bounds {
            waiting_of_one: usize::MAX,
            waiting: usize::MAX,
            ..self.bounds
        };
        match self.ask(caller, unbounded)? {
            Asked::Now(place) => Ok(place),
            Asked::Later(_waiting, go) => go.await.map_err(|_| self.busy()),
        }
    }

    fn busy(&self) -> Refusal {
        Refusal::later(RefusalKind::TooManyRequests, BUSY, self.bounds.busy)
    }

    fn ask(self: &Arc<Self>, caller: UserId, bounds: Bounds) -> Result<Asked, Refusal> {
        let mut queue = self.queue();
        if queue.callers.is_empty() && queue.all_running() < bounds.running {
            *queue.running.entry(caller).or_default() += 1;
            drop(queue);
            return Ok(Asked::Now(self.place_of(caller)));
        }
        let of_one = queue.of(caller).map_or(0, |(_, questions)| questions.len());
        let all: usize = queue.callers.iter().map(|(_, questions)| questions.len()).sum();
        if of_one >= bounds.waiting_of_one || all >= bounds.waiting {
            return Err(self.busy());
        }
        let number = queue.next;
        queue.next += 1;
        let (go, gone) = oneshot::channel();
        let waiting = Waiting { number, go };
        match queue.of(caller) {
            Some((_, questions)) => questions.push_back(waiting),
            None => queue.callers.push_back((caller, VecDeque::from([waiting]))),
        }
        drop(queue);
        let leaving = Leaving {
            desk: Arc::clone(self),
            caller,
            number,
        };
        Ok(Asked::Later(leaving, gone))
    }

    fn place_of(self: &Arc<Self>, caller: UserId) -> Place {
        Place {
            desk: Arc::clone(self),
            caller,
        }
    }

    /// Ends a turn, and gives it to the next caller: among the callers with the fewest running questions, the one who has
    /// not had a turn for the longest time.
    fn pass_on(self: &Arc<Self>, ended: UserId) {
        let next = {
            let mut queue = self.queue();
            if let Some(count) = queue.running.get_mut(&ended) {
                *count -= 1;
                if *count == 0 {
                    queue.running.remove(&ended);
                }
            }
            queue.next_turn()
        };
        if let Some((caller, waiting)) = next {
            // If the question is gone, dropping its place passes the turn on.
            drop(waiting.go.send(self.place_of(caller)));
        }
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a question gets when it asks for a turn.
enum Asked {
    Now(Place),
    Later(Leaving, oneshot::Receiver<Place>),
}

impl Queue {
    fn all_running(&self) -> usize {
        self.running.values().sum()
    }

    fn of(&mut self, caller: UserId) -> Option<&mut (UserId, VecDeque<Waiting>)> {
        self.callers.iter_mut().find(|(of, _)| *of == caller)
    }

    /// Takes the next question out of the queue, and counts it as running.
    fn next_turn(&mut self) -> Option<(UserId, Waiting)> {
        let running = |of: &UserId| self.running.get(of).copied().unwrap_or(0);
        let places = self.callers.iter().enumerate();
        let (at, _) = places.min_by_key(|(at, (of, _))| (running(of), *at))?;
        let (caller, mut questions) = self.callers.remove(at)?;
        let waiting = questions.pop_front()?;
        if !questions.is_empty() {
            self.callers.push_back((caller, questions));
        }
        *self.running.entry(caller).or_default() += 1;
        Some((caller, waiting))
    }
}

/// Takes a question out of the queue when its client has gone.
struct Leaving {
    desk: Arc<Desk>,
    caller: UserId,
    number: u64,
}

impl Drop for Leaving {
    fn drop(&mut self) {
        let mut queue = self.desk.queue();
        let Some((_, questions)) = queue.of(self.caller) else {
            return;
        };
        questions.retain(|waiting| waiting.number != self.number);
        queue.callers.retain(|(_, questions)| !questions.is_empty());
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.desk.pass_on(self.caller);
    }
}

impl Turn {
    /// Whether the question had to wait for its turn.
    pub(crate) fn waited(&self) -> bool {
        self.waited
    }

    /// Runs work on another thread than those that serve requests. Long work must ask now and then whether its answer is still
    /// wanted. The turn lasts until the work has ended, even if the client has gone.
    pub async fn run<T, F>(&self, work: impl FnOnce(Interest) -> F + Send + 'static) -> Result<T, Refusal>
    where
        T: Send + 'static,
        F: Future<Output = T>,
    {
        let (place, interest) = (Arc::clone(&self.place), self.interest.clone());
        let runtime = Handle::current();
        // The sender lives as long as somebody waits for the answer.
        let (waits, gone) = oneshot::channel::<()>();
        let worked = tokio::task::spawn_blocking(move || {
            let _place = place;
            // Work that waits for the database ends here. Other work asks the interest.
            runtime.block_on(async {
                tokio::select! {
                    biased;
                    worked = work(interest) => Some(worked),
                    _ = gone => None,
                }
            })
        });
        let worked = worked.await;
        drop(waits);
        match worked {
            Ok(worked) => worked.ok_or_else(Refusal::unavailable),
            Err(panicked) => Err(Refusal::unavailable().because(panicked)),
        }
    }

    /// Runs work, and makes its answer on the same thread.
    pub async fn answer<R, F>(
        &self,
        work: impl FnOnce(Interest) -> F + Send + 'static,
    ) -> Result<FreshAtStart<Response>, Refusal>
    where
        R: IntoResponse,
        F: Future<Output = Result<R, Refusal>>,
    {
        let Place { desk, caller } = &*self.place;
        let (unsent, caller) = (Arc::clone(&desk.unsent), *caller);
        let answer = async move |interest: Interest| {
            let answer = work(interest).await.map(IntoResponse::into_response);
            answer.map(|answer| unsent.count(caller, answer))
        };
        self.run(answer).await?.map(FreshAtStart)
    }
}

/// A caller whom the policy permits, and who may ask heavy questions.
pub struct Asks<P: Policy> {
    caller: Caller,
    policy: PhantomData<P>,
}

impl<P: Policy> FromRequestParts<App> for Asks<P> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refusal> {
        let Permitted(mut caller, _) = Permitted::<P>::from_request_parts(parts, app).await?;
        caller.admit(parts, judge::<P>);
        Ok(Self {
            caller,
            policy: PhantomData,
        })
    }
}

impl<P: Policy> Asks<P> {
    /// The caller.
    pub fn caller(&self) -> &Caller {
        &self.caller
    }

    /// Waits until it is the turn of a question of this caller. What the server knows must be fresh now. The answer is of this
    /// moment or later, so it is good however long the work takes: give it as [`FreshAtStart`].
    pub async fn turn(&self, app: &App) -> Result<Turn, Refusal> {
        let turn = app.desk().turn(self.caller.user).await?;
        if !app.desk().unsent.has_room_for(self.caller.user) {
            return Err(app.desk().busy());
        }
        match turn.waited() {
            true => self.caller.may_still(app)?,
            false => app.fresh()?,
        }
        Ok(turn)
    }
}

/// An answer that is of the moment at which its work began, when the server's knowledge was fresh. It may take longer than other
/// answers.
pub struct FreshAtStart<R>(pub R);

/// An extension of such an answer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct JudgedAtStart;

impl<R: IntoResponse> IntoResponse for FreshAtStart<R> {
    fn into_response(self) -> Response {
        let mut response = self.0.into_response();
        response.extensions_mut().insert(JudgedAtStart);
        response
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.interest.lose();
    }
}
