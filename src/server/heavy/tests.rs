//! Callers take turns, and nothing is lost when clients go.

use std::task::{Context, Poll, Waker};

use super::*;

const BOUNDS: Bounds = Bounds {
    running: 2,
    waiting_of_one: 3,
    waiting: 5,
    patience: Duration::from_secs(60),
    busy: "too many",
};

fn caller(number: u128) -> UserId {
    UserId(uuid::Uuid::from_u128(number))
}

/// A question that has asked for its turn, and perhaps got it.
struct Question(std::pin::Pin<Box<dyn Future<Output = Result<Turn, Refusal>> + Send>>);

impl Question {
    fn of(desk: &Arc<Desk>, number: u128) -> Self {
        let desk = Arc::clone(desk);
        Self(Box::pin(async move { desk.turn(caller(number)).await }))
    }

    fn poll(&mut self) -> Option<Result<Turn, Refusal>> {
        match self.0.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(turn) => Some(turn),
            Poll::Pending => None,
        }
    }

    fn turn(&mut self) -> Turn {
        self.poll()
            .expect("it should be its turn")
            .expect("it is not refused")
    }
}

fn nothing_is_left(desk: &Desk) {
    let queue = desk.queue();
    assert!(queue.running.is_empty() && queue.callers.is_empty());
}

#[tokio::test]
async fn callers_take_turns_whoever_has_more_questions() {
    let desk = Desk::new(BOUNDS);
    let (first, second) = (Question::of(&desk, 1).turn(), Question::of(&desk, 1).turn());
    assert!(!first.waited());
    let mut waiting: Vec<Question> = [1, 1, 2, 1].map(|number| Question::of(&desk, number)).into();
    for question in &mut waiting {
        assert!(question.poll().is_none());
    }
    // The second caller has nothing that runs, so its question comes first, although it asked later.
    drop(first);
    let other = waiting[2].turn();
    assert!(other.waited());
    assert!(waiting[0].poll().is_none());
    drop(second);
    let next = waiting[0].turn();
    drop((other, next));
    let last = (waiting[1].turn(), waiting[3].turn());
    drop(last);
    nothing_is_left(&desk);
}

#[tokio::test]
async fn too_many_are_refused_and_those_that_leave_make_room() {
    let desk = Desk::new(BOUNDS);
    let _running = (Question::of(&desk, 1).turn(), Question::of(&desk, 2).turn());
    let mut waiting: Vec<Question> = [3, 3, 3, 4, 4].map(|number| Question::of(&desk, number)).into();
    for question in &mut waiting[..3] {
        assert!(question.poll().is_none());
    }
    let refused = Question::of(&desk, 3)
        .poll()
        .expect("an answer")
        .expect_err("one caller has three at most");
    assert_eq!(
        (refused.kind, refused.retry_after),
        (RefusalKind::TooManyRequests, Some(1))
    );
    for question in &mut waiting[3..] {
        assert!(question.poll().is_none());
    }
    assert!(Question::of(&desk, 5).poll().expect("an answer").is_err());
    waiting.remove(0);
    assert!(Question::of(&desk, 3).poll().is_none());
    assert!(Question::of(&desk, 5).poll().is_none());
}

#[tokio::test]
async fn who_waits_too_long_is_refused() {
    let desk = Desk::new(Bounds {
        patience: Duration::from_millis(1),
        ..BOUNDS
    });
    let running = (Question::of(&desk, 1).turn(), Question::of(&desk, 1).turn());
    assert!(desk.turn(caller(2)).await.is_err());
    drop(running);
    nothing_is_left(&desk);
}

#[tokio::test]
async fn a_turn_that_comes_too_late_goes_on_to_the_next() {
    let desk = Desk::new(BOUNDS);
    let (first, _second) = (Question::of(&desk, 1).turn(), Question::of(&desk, 1).turn());
    let (mut gone, mut next) = (Question::of(&desk, 2), Question::of(&desk, 3));
    assert!(gone.poll().is_none() && next.poll().is_none());
    drop(first);
    // It has its turn, and its client leaves before it knows.
    drop(gone);
    drop(next.turn());
}

#[tokio::test]
async fn work_ends_when_nobody_wants_its_answer_and_keeps_its_turn_until_then() {
    let desk = Desk::new(Bounds { running: 1, ..BOUNDS });
    let turn = Question::of(&desk, 1).turn();
    let (begun, begins) = std::sync::mpsc::channel();
    let mut asked = Box::pin(async move {
        turn.run(async move |interest| {
            begun.send(()).expect("the test waits");
            while !interest.is_lost() {
                std::thread::yield_now();
            }
        })
        .await
    });
    assert!(
        asked
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
            .is_pending()
    );
    begins.recv().expect("the work begins");
    let mut next = Question::of(&desk, 2);
    assert!(next.poll().is_none());
    drop(asked);
    let next = next.0.await.expect("the turn comes");
    assert!(next.waited());
}
