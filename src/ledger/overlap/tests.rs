//! [`fly`] against a model of a ledger.

use std::{collections::BTreeMap, vec};

use futures_util::FutureExt as _;
use proptest::prelude::*;

use super::*;

/// What happens next.
#[derive(Clone, Copy, Debug)]
enum Event {
    /// A caller wants to append a unit.
    Arrives,
    /// The appender decides what waits as the next batch.
    Decides,
    /// Another process writes.
    OtherWrites,
    /// The database runs the statement in flight, and its answer arrives.
    Answered,
    /// The database refuses the statement in flight.
    Refused,
    /// The connection breaks. The database has run the statement (`done`), or may run it later. The appender can find out
    /// whether the batch is in the ledger (`can_look`), or cannot.
    Broken { done: bool, can_look: bool },
    /// The appender waits no longer. The database has run the statement (`done`), or may run it later.
    TimedOut { done: bool },
    /// The database runs a statement whose answer nobody awaits.
    LateStatement,
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let event = prop_oneof![
        6 => Just(Event::Arrives),
        4 => Just(Event::Decides),
        1 => Just(Event::OtherWrites),
        5 => Just(Event::Answered),
        1 => Just(Event::Refused),
        2 => any::<(bool, bool)>().prop_map(|(done, can_look)| Event::Broken { done, can_look }),
        1 => any::<bool>().prop_map(|done| Event::TimedOut { done }),
        2 => Just(Event::LateStatement),
    ];
    prop::collection::vec(event, 0..60)
}

type Units = Vec<u32>;

/// A batch that is written only if the head is at `expected`.
#[derive(Clone, Debug)]
struct Statement {
    units: Units,
    expected: u64,
    head: u64,
}

impl From<Statement> for Units {
    fn from(statement: Statement) -> Self {
        statement.units
    }
}

/// A ledger, and the parts of an appender that [`fly`] calls.
#[derive(Debug)]
struct Model {
    events: vec::IntoIter<Event>,
    /// The units in the ledger, and its head.
    ledger: Units,
    head: u64,
    /// Numbers for new heads.
    heads: u64,
    tip: Option<u64>,
    pending: Units,
    arrived: u32,
    answers: BTreeMap<u32, bool>,
    late: Vec<Statement>,
    /// The batch that was sent last.
    sent: Units,
}

impl Model {
    fn new(events: Vec<Event>) -> Self {
        Self {
            events: events.into_iter(),
            ledger: Vec::new(),
            head: 0,
            heads: 0,
            tip: Some(0),
            pending: Vec::new(),
            arrived: 0,
            answers: BTreeMap::new(),
            late: Vec::new(),
            sent: Vec::new(),
        }
    }

    fn new_head(&mut self) -> u64 {
        self.heads += 1;
        self.heads
    }

    fn arrive(&mut self) {
        self.pending.push(self.arrived);
        self.arrived += 1;
    }

    fn decide(&mut self) -> Option<Statement> {
        let expected = self.tip.filter(|_| !self.pending.is_empty())?;
        let head = self.new_head();
        self.tip = Some(head);
        let units = std::mem::take(&mut self.pending);
        Some(Statement {
            units,
            expected,
            head,
        })
    }

    /// The database runs a statement. Returns whether the statement wrote.
    fn run(&mut self, statement: &Statement) -> bool {
        let fits = self.head == statement.expected;
        if fits {
            self.ledger.extend(&statement.units);
            self.head = statement.head;
        }
        fits
    }

    fn run_late(&mut self) {
        if let Some(statement) = self.late.pop() {
            self.run(&statement);
        }
    }

    fn answer(&mut self, units: &[u32], is_written: bool) {
        for unit in units {
            assert!(
                !is_written || self.ledger.contains(unit),
                "{unit} is not in the ledger: {self:?}"
            );
            assert_eq!(
                self.answers.insert(*unit, is_written),
                None,
                "a second answer for {unit}"
            );
        }
    }

    /// The answer did not come. If the database has not run the statement, it may do so later.
    fn silent(&mut self, flight: &Statement, done: bool) {
        if done {
            self.run(flight);
        } else {
            self.late.push(flight.clone());
        }
    }

    /// Like `Task::did_take_effect`: if the batch is not there, moves the head, so that it can no longer be written.
    fn look(&mut self, flight: &Statement) -> Fate {
        if flight.units.iter().all(|unit| self.ledger.contains(unit)) {
            return Fate::Found;
        }
        self.head = self.new_head();
        Fate::NotWritten(Because::Refused)
    }

    /// Runs until all callers have an answer.
    async fn serve(&mut self) {
        while let Some(event) = self.events.next() {
            match event {
                Event::Arrives => self.arrive(),
                Event::OtherWrites => self.head = self.new_head(),
                Event::LateStatement => self.run_late(),
                _ => {}
            }
            if self.pending.is_empty() {
                continue;
            }
            match self.decide() {
                Some(first) => fly(self, first).await,
                None => {
                    let units = std::mem::take(&mut self.pending);
                    self.lock(units, Because::HeadUnknown).await;
                }
            }
        }
    }
}

impl Crew for Model {
    type Load = Units;
    type Decided = Statement;
    type Flight = Statement;

    async fn send(&mut self, decided: Statement) -> Statement {
        self.sent.clone_from(&decided.units);
        decided
    }

    async fn ended(&mut self, flight: &mut Statement) -> (Fate, Option<Statement>) {
        assert_eq!(self.sent, flight.units, "this batch is not in flight");
        let mut next = None;
        loop {
            let fate = match self.events.next().unwrap_or(Event::Answered) {
                Event::Arrives => {
                    self.arrive();
                    continue;
                }
                Event::Decides => {
                    next = next.or_else(|| self.decide());
                    continue;
                }
                Event::OtherWrites => {
                    self.head = self.new_head();
                    continue;
                }
                Event::LateStatement => {
                    self.run_late();
                    continue;
                }
                Event::Answered if self.run(flight) => Fate::Landed,
                Event::Answered => Fate::NotWritten(Because::NotAlone),
                Event::Refused => Fate::NotWritten(Because::Refused),
                Event::Broken { done, can_look } => {
                    self.silent(flight, done);
                    if can_look {
                        self.look(flight)
                    } else {
                        Fate::Unknown(LedgerError::NotListening)
                    }
                }
                Event::TimedOut { done } => {
                    self.silent(flight, done);
                    Fate::Unknown(LedgerError::NotListening)
                }
            };
            return (fate, next);
        }
    }

    async fn settle(&mut self, flight: Statement) {
        self.answer(&flight.units, true);
    }

    fn fail(&mut self, units: Units, _error: LedgerError) {
        self.answer(&units, false);
    }

    fn forget(&mut self) {
        self.tip = None;
    }

    async fn lock(&mut self, units: Units, _because: Because) {
        // The lock is free only after the statements that hold it. Other statements may get the lock before the appender.
        while let Some(Event::LateStatement) = self.events.as_slice().first() {
            self.events.next();
            self.run_late();
        }
        self.ledger.extend(&units);
        self.head = self.new_head();
        self.tip = Some(self.head);
        self.answer(&units, true);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_096))]

    #[test]
    fn each_unit_is_answered_once_and_written_once_in_order(events in events()) {
        let mut model = Model::new(events);
        model.serve().now_or_never().expect("the model never waits");
        while !model.late.is_empty() {
            model.run_late();
        }
        let waiting = model.pending.len();
        prop_assert_eq!(model.answers.len() + waiting, usize::try_from(model.arrived).unwrap());
        prop_assert!(model.ledger.is_sorted_by(|one, other| one < other), "{:?}", model);
        for (unit, is_written) in &model.answers {
            prop_assert!(!is_written || model.ledger.contains(unit), "{} is lost: {:?}", unit, model);
        }
    }
}

#[test]
fn the_next_batch_is_sent_before_the_callers_of_the_last_one_are_answered() {
    use Event::{Answered, Arrives, Decides};
    let mut model = Model::new(vec![Arrives, Arrives, Decides, Answered]);
    struct Watch(Vec<&'static str>, Model);
    impl Crew for Watch {
        type Load = Units;
        type Decided = Statement;
        type Flight = Statement;
        async fn send(&mut self, decided: Statement) -> Statement {
            self.0.push("send");
            self.1.send(decided).await
        }
        async fn ended(&mut self, flight: &mut Statement) -> (Fate, Option<Statement>) {
            self.1.ended(flight).await
        }
        async fn settle(&mut self, flight: Statement) {
            self.0.push("settle");
            self.1.settle(flight).await;
        }
        fn fail(&mut self, units: Units, error: LedgerError) {
            self.1.fail(units, error);
        }
        fn forget(&mut self) {
            self.1.forget();
        }
        async fn lock(&mut self, units: Units, because: Because) {
            self.1.lock(units, because).await;
        }
    }
    model.arrive();
    model.events.next();
    let first = model.decide().unwrap();
    let mut watch = Watch(Vec::new(), model);
    fly(&mut watch, first).now_or_never().unwrap();
    assert_eq!(watch.0, ["send", "send", "settle", "settle"]);
}
