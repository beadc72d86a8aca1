//! The appender alone, in process: units of one `user.role_granted` event, each on another existing user, with hash
//! chain, claims and read models. Beside it, on Postgres, are one-row INSERTs by pgbench.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Instant,
};

use aggregates::{Event, user::UserEvent};
use ledger::{Because, Ledger};

use super::bare_sqlite::BareSqlite;
use crate::{
    context::{Bench, Result, open_ledger},
    cpu::{Cpu, Processes},
    measure::{Rate, Series, Window, rate},
    postgres::{FLOOR_NAME, Floor},
    progress, seed,
    table::{Row, Table},
};

/// How many writers there are, and the goals on Postgres and on SQLite.
const WRITERS: [(usize, Option<f64>, Option<f64>); 4] = [
    (1, None, None),
    (16, None, None),
    (64, Some(1.3), Some(0.8)),
    (256, Some(2.0), Some(1.0)),
];

/// How many events a transaction of rusqlite has, and the number of writers with whose row it is compared: overlapping batches of so
/// many writers have about this size.
const BY_RUSQLITE: [(usize, usize); 2] = [(32, 64), (128, 256)];

/// Which users of the database a process writes to: every `step`-th of `all`, from `first` on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Users {
    pub(crate) first: usize,
    pub(crate) step: usize,
    pub(crate) all: usize,
}

/// A ledger with users, and the last sequence of each user's stream.
pub(crate) struct Subject {
    ledger: Ledger,
    users: Users,
    sequences: Arc<Vec<AtomicI64>>,
}

/// Measures the group.
pub(crate) async fn measure(bench: &Bench, table: &mut Table) -> Result<()> {
    let options = bench.options;
    let users = Users {
        first: 0,
        step: 1,
        all: options.users as usize,
    };
    let postgres = Subject::new(
        open_ledger(&bench.database_of_people("bench_appender").await?).await?,
        users,
    );
    let sqlite = open_ledger(&bench.sqlite("appender.db")).await?;
    bench.fill_with_people(&sqlite).await?;
    let sqlite = Subject::new(sqlite, users);
    // Without this, the first append of the process would read all earlier events.
    postgres.ledger.read_to_head().await?;
    sqlite.ledger.read_to_head().await?;
    let mut bare = bare_sqlite(bench).await?;
    let floor = Floor::new(bench).await?;
    floor.warm_up().await?;
    let cpu = Cpu::of(&[
        ("muniment", Processes::Own),
        ("postgres", Processes::Tree(bench.cluster.process)),
    ]);

    let mut inserts = Series::default();
    let mut on_postgres = WRITERS.map(|_| Series::default());
    let mut on_sqlite = WRITERS.map(|_| Series::default());
    let mut by_rusqlite = BY_RUSQLITE.map(|_| Series::default());
    let mut shapes = [(); 2].map(|()| WRITERS.map(|_| Shape::default()));
    for round in 1..=options.rounds {
        progress(&format!("  round {round}"));
        inserts.add(floor.measure().await?);
        for (at, (writers, ..)) in WRITERS.into_iter().enumerate() {
            let [of_postgres, of_sqlite] = &mut shapes;
            for (subject, series, shapes) in [
                (&postgres, &mut on_postgres, of_postgres),
                (&sqlite, &mut on_sqlite, of_sqlite),
            ] {
                let before = subject.shape().await?;
                series[at].add(subject.append(writers, options.window(), &cpu).await?);
                shapes[at].add(before, subject.shape().await?);
            }
        }
        for (series, (events, _)) in by_rusqlite.iter_mut().zip(BY_RUSQLITE) {
            series.add(tokio::task::block_in_place(|| bare.measure(events, bench, &cpu))?);
        }
    }
    for (at, (writers, goal, _)) in WRITERS.into_iter().enumerate() {
        let what = format!("append, {writers} writers, Postgres");
        let series = &on_postgres[at];
        let row = Row::rate(what, "events/s", series)
            .beside(FLOOR_NAME, &inserts)
            .note(format!("{}; {}", series.latency(), shapes[0][at].note()));
        table.add(Row { goal, ..row });
    }
    for (at, (writers, _, goal)) in WRITERS.into_iter().enumerate() {
        let what = format!("append, {writers} writers, SQLite (FULL)");
        let series = &on_sqlite[at];
        let row = Row::rate(what, "events/s", series)
            .beside(FLOOR_NAME, &inserts)
            .note(format!("{}; {}", series.latency(), shapes[1][at].note()));
        table.add(Row { goal, ..row });
    }
    for (at, (events, writers)) in BY_RUSQLITE.into_iter().enumerate() {
        let Some(beside) = WRITERS.iter().position(|(number, ..)| *number == writers) else {
            continue;
        };
        let what = format!("append, {writers} writers, SQLite (FULL)");
        let name = format!("the same rows by rusqlite alone, {events} a transaction");
        table.add(Row::rate(what, "events/s", &on_sqlite[beside]).beside(&name, &by_rusqlite[at]));
    }
    progress(&format!("  batches on Postgres: {}", paths(&postgres.ledger)));
    progress(&format!("  batches on SQLite: {}", paths(&sqlite.ledger)));
    postgres.ledger.close().await;
    sqlite.ledger.close().await;
    Ok(())
}

/// A ledger with the same people, for rusqlite alone.
async fn bare_sqlite(bench: &Bench) -> Result<BareSqlite> {
    let url = bench.sqlite("bare.db");
    let ledger = open_ledger(&url).await?;
    bench.fill_with_people(&ledger).await?;
    let file = url.trim_start_matches("sqlite:");
    BareSqlite::new(ledger, file.as_ref(), bench.options.users).await
}

/// What the batches of one row looked like, over all rounds.
#[derive(Clone, Copy, Debug, Default)]
struct Shape {
    fast: u64,
    overlapped: u64,
    events: i64,
}

impl Shape {
    fn of(ledger: &Ledger, position: i64) -> Self {
        Self {
            fast: ledger.paths().fast(),
            overlapped: ledger.paths().overlapped(),
            events: position,
        }
    }

    /// Adds what happened between two moments.
    fn add(&mut self, before: Self, after: Self) {
        self.fast += after.fast - before.fast;
        self.overlapped += after.overlapped - before.overlapped;
        self.events += after.events - before.events;
    }

    /// As a remark.
    fn note(&self) -> String {
        let batches = self.fast.max(1) as f64;
        let (size, share) = (
            self.events as f64 / batches,
            100.0 * self.overlapped as f64 / batches,
        );
        format!("{size:.0} events a batch, {share:.0} % of the batches overlapping")
    }
}

/// Which way the batches of a ledger went.
fn paths(ledger: &Ledger) -> String {
    let paths = ledger.paths();
    let locked: u64 = Because::ALL
        .into_iter()
        .map(|because| paths.locked(because))
        .sum();
    let (fast, overlapped) = (paths.fast(), paths.overlapped());
    format!("{fast} without the lock, {overlapped} of them overlapping; {locked} under the lock")
}

impl Subject {
    /// A ledger whose users have one event each.
    pub(crate) fn new(ledger: Ledger, users: Users) -> Self {
        let sequences = (0..users.all).map(|_| AtomicI64::new(1)).collect();
        Self {
            ledger,
            users,
            sequences: Arc::new(sequences),
        }
    }

    /// The ledger.
    pub(crate) fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    async fn shape(&self) -> Result<Shape> {
        let position = self.ledger.head().await?.position;
        Ok(Shape::of(&self.ledger, position))
    }

    /// Each writer has users of its own, and takes them in turn.
    pub(crate) async fn append(&self, writers: usize, window: Window, cpu: &Cpu) -> Result<Rate> {
        let Users { first, step, all } = self.users;
        rate(writers, window, cpu, |writer, run| {
            let (ledger, sequences) = (self.ledger.clone(), Arc::clone(&self.sequences));
            async move {
                let mut users = (first + step * writer..all).step_by(step * writers).cycle();
                while run.goes_on()
                    && let Some(user) = users.next()
                {
                    let sequence = sequences[user].fetch_add(1, Ordering::Relaxed) + 1;
                    let event = Event::User(UserEvent::RoleGranted {
                        role_id: seed::role((user as u64 + sequence as u64) % Bench::ROLES),
                        exclusive: false,
                    });
                    let event = seed::new_event(seed::user(user as u64), sequence, event);
                    let began = Instant::now();
                    ledger.append(seed::unit(vec![event])).await?;
                    run.count_since(began);
                }
                Ok(())
            }
        })
        .await
    }
}
