//! The plan against a model of the log.

use proptest::prelude::*;

use super::*;

const LIMITS: Limits = Limits {
    every: 100,
    few: 10,
    passes: 3,
    most_at_once: 30,
    kept: 200,
    most: 400,
    wait: Duration::ZERO,
};

/// A log like that of SQLite. Each page that a checkpoint copies counts, and so does each wait of the writer.
#[derive(Debug, Default)]
struct Model {
    /// How many pages the log has, and how many of them are copied.
    log: u64,
    copied: u64,
    room: u64,
    /// What a reader sees of the log. It keeps checkpoints from copying more.
    reader: Option<u64>,
    /// A pass that has begun; and how far it will come, once it has looked at the log.
    pass: Option<Option<Reached>>,
    /// The next pass ends while the writer waits for it.
    ends_in_time: bool,
    passes: u32,
    finished: Vec<u64>,
    waits: u32,
}

impl Model {
    fn add(&mut self, pages: u64) {
        if self.copied == self.log && self.reader.is_none() {
            (self.log, self.copied) = (0, 0);
            self.room = self.room.min(LIMITS.kept);
        }
        self.log += pages;
        self.room = self.room.max(self.log);
    }

    /// A checkpoint looks at the log. If all of the log is copied then, the fault of SQLite can damage the file.
    fn begin(&self) -> Reached {
        assert!(self.copied < self.log, "everything is copied: {self:?}");
        let copied = self.reader.unwrap_or(self.log).max(self.copied);
        let log = self.log;
        Reached { log, copied }
    }

    fn pass_looks(&mut self) {
        if let Some(None) = self.pass {
            self.pass = Some(Some(self.begin()));
        }
    }

    fn pass_ends(&mut self) -> Option<Reached> {
        self.pass_looks();
        let reached = self.pass.take().flatten();
        self.copied = reached.map_or(self.copied, |reached| reached.copied);
        reached
    }
}

impl Log for Model {
    fn room(&self) -> u64 {
        self.room
    }

    fn pass(&mut self) -> bool {
        assert!(self.pass.is_none() && self.copied < self.log, "{self:?}");
        self.pass = Some(None);
        self.passes += 1;
        true
    }

    fn passed(&mut self) -> Option<Option<Reached>> {
        let has_looked = matches!(self.pass, Some(Some(_)));
        has_looked.then(|| self.pass_ends())
    }

    fn wait(&mut self) -> Option<Option<Reached>> {
        self.waits += 1;
        self.ends_in_time.then(|| self.pass_ends())
    }

    fn finish(&mut self, _waits_for_readers: bool) -> Option<Reached> {
        assert!(self.pass.is_none(), "two checkpoints at once");
        let reached = self.begin();
        self.finished.push(reached.copied - self.copied);
        self.copied = reached.copied;
        Some(reached)
    }

    fn write(&mut self) -> bool {
        self.add(1);
        true
    }
}

fn write(plan: &mut Plan, model: &mut Model, pages: u64) {
    model.add(pages);
    plan.wrote(pages, model);
}

#[test]
fn the_writer_waits_only_for_the_few_pages_that_are_left() {
    let (mut plan, mut model) = (Plan::new(LIMITS, 0), Model::default());
    write(&mut plan, &mut model, 99);
    assert_eq!(model.passes, 0);
    write(&mut plan, &mut model, 1);
    model.pass_looks();
    assert_eq!(model.passes, 1);
    write(&mut plan, &mut model, 5);
    write(&mut plan, &mut model, 4);
    assert_eq!((model.passes, &*model.finished), (1, [9].as_slice()));
    write(&mut plan, &mut model, 7);
    assert_eq!((model.log, model.copied), (7, 0));
}

#[test]
fn a_pass_is_repeated_until_few_pages_are_left_but_not_for_ever() {
    let (mut plan, mut model) = (Plan::new(LIMITS, 0), Model::default());
    write(&mut plan, &mut model, 100);
    for passes in 1..=3 {
        assert_eq!((model.passes, model.finished.len()), (passes, 0));
        model.pass_looks();
        write(&mut plan, &mut model, 20);
        write(&mut plan, &mut model, 9);
    }
    assert_eq!((model.passes, &*model.finished), (3, [29].as_slice()));
}

#[test]
fn the_writer_never_waits_for_more_pages_than_the_limit() {
    let (mut plan, mut model) = (Plan::new(LIMITS, 0), Model::default());
    model.ends_in_time = true;
    for _ in 0..100 {
        model.pass_looks();
        write(&mut plan, &mut model, 40);
    }
    assert!(model.room <= LIMITS.most + 80, "{model:?}");
    assert!(
        model.finished.iter().all(|pages| *pages <= LIMITS.most_at_once),
        "{model:?}"
    );
}

#[test]
fn a_disk_that_is_too_slow_makes_the_log_longer_and_each_batch_wait_once() {
    let (mut plan, mut model) = (Plan::new(LIMITS, 0), Model::default());
    for batch in 1..=50 {
        write(&mut plan, &mut model, 20);
        assert_eq!((model.log, model.passes), (20 * batch, u32::from(batch >= 5)));
    }
    assert_eq!(model.waits, 30);
}

#[test]
fn a_reader_of_an_old_state_makes_the_log_longer_and_no_batch_wait() {
    let (mut plan, mut model) = (Plan::new(LIMITS, 0), Model::default());
    model.reader = Some(0);
    for _ in 0..200 {
        write(&mut plan, &mut model, 10);
        model.pass_looks();
    }
    assert_eq!(
        (model.log, model.waits, &*model.finished),
        (2_000, 0, [].as_slice())
    );
    assert!((10..=20).contains(&model.passes), "{model:?}");
    model.reader = None;
    for _ in 0..30 {
        write(&mut plan, &mut model, 10);
        model.pass_looks();
    }
    assert!(model.log < 200 && model.room <= LIMITS.kept, "{model:?}");
}

#[test]
fn what_others_write_is_copied_too() {
    let (mut plan, mut model) = (Plan::new(LIMITS, 0), Model::default());
    for _ in 0..200 {
        plan.look(&mut model);
        model.add(10);
        model.pass_looks();
    }
    assert!(model.room <= LIMITS.kept + 100 && model.passes > 0, "{model:?}");
    assert!(
        model.finished.iter().all(|pages| *pages <= LIMITS.most_at_once),
        "{model:?}"
    );
}

#[derive(Clone, Debug)]
enum Event {
    /// The thread writes a batch.
    Batch(u64),
    /// The same; a pass that is under way copies the batch and ends before the plan knows of the batch.
    CopiedBatch(u64),
    /// Another connection writes after it has let the thread look.
    Other(u64),
    /// Another connection writes at any time, such as that of a rebuild.
    Wild(u64),
    /// Another connection is rolled back after it has made the file longer.
    RolledBack(u64),
    PassLooks,
    PassEnds,
    PassFails,
    EndsInTime(bool),
    Reader(bool),
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let event = prop_oneof![
        4 => (0..60_u64).prop_map(Event::Batch),
        4 => (0..60_u64).prop_map(Event::CopiedBatch),
        4 => (1..60_u64).prop_map(Event::Other),
        1 => (1..300_u64).prop_map(Event::Wild),
        1 => (1..900_u64).prop_map(Event::RolledBack),
        4 => Just(Event::PassLooks),
        4 => Just(Event::PassEnds),
        1 => Just(Event::PassFails),
        1 => any::<bool>().prop_map(Event::EndsInTime),
        1 => any::<bool>().prop_map(Event::Reader),
    ];
    prop::collection::vec(event, 0..400)
}

proptest! {
    #[test]
    fn the_writer_never_waits_for_more_than_it_must(events in events(), room in 0..500_u64) {
        let mut model = Model { room, ..Model::default() };
        let mut plan = Plan::new(LIMITS, room);
        for event in events {
            match event {
                Event::Batch(pages) => write(&mut plan, &mut model, pages + 1),
                Event::CopiedBatch(pages) => {
                    model.add(pages + 1);
                    model.pass_looks();
                    plan.wrote(pages + 1, &mut model);
                }
                Event::PassLooks => model.pass_looks(),
                Event::EndsInTime(does) => model.ends_in_time = does,
                Event::Reader(reads) => model.reader = reads.then_some(model.log),
                Event::Other(_) | Event::Wild(_) | Event::RolledBack(_) | Event::PassEnds | Event::PassFails => {}
            }
        }
        prop_assert!(model.finished.iter().all(|pages| *pages <= LIMITS.most_at_once), "{model:?}");
    }

    /// The model checks that no checkpoint begins while all of the log is copied, and that there is one at a time.
    #[test]
    fn each_checkpoint_begins_while_a_page_is_not_copied(events in events(), room in 0..500_u64) {
        let mut model = Model { room, ..Model::default() };
        let mut plan = Plan::new(LIMITS, room);
        for event in events {
            let (finished, waits) = (model.finished.len(), model.waits);
            match event {
                Event::Batch(pages) => write(&mut plan, &mut model, pages + 1),
                Event::CopiedBatch(pages) => {
                    model.add(pages + 1);
                    model.pass_looks();
                    plan.wrote(pages + 1, &mut model);
                }
                Event::Other(pages) => {
                    plan.look(&mut model);
                    model.add(pages);
                }
                Event::Wild(pages) => model.add(pages),
                Event::RolledBack(pages) => model.room = model.room.max(model.log + pages),
                Event::PassLooks => model.pass_looks(),
                Event::PassEnds if model.pass.is_some() => {
                    let reached = model.pass_ends();
                    plan.ended(reached);
                }
                Event::PassFails if model.pass.take().is_some() => plan.ended(None),
                Event::PassEnds | Event::PassFails => {}
                Event::EndsInTime(does) => model.ends_in_time = does,
                Event::Reader(reads) => model.reader = reads.then_some(model.log),
            }
            prop_assert!(model.finished.len() <= finished + 1 && model.waits <= waits + 2);
        }
    }
}
