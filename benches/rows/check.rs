//! One permission check in process: 100,000 users with 3 roles each, 1,000 roles with 20 patterns each, as many allowed
//! checks as denied ones. Beside it are a plain scan of the same user's filters, cedar-policy and casbin.

use std::{hint::black_box, time::Instant};

use aggregates::values::{Context, Operation, UserId};
use authorization::Authorization;

use super::{
    decisions::Decisions,
    memory::{self, GRANTS},
    plain::{Plain, Question},
};
use crate::{
    context::{Bench, Result},
    measure::{Series, median, quantile},
    progress,
    table::{Row, Table},
};

const USERS: u64 = 100_000;
/// The questions, which are asked again and again.
const QUESTIONS: usize = 1 << 16;
/// Checks between two reads of the clock, if single checks are not measured.
const BATCH: usize = 16;
/// More memory than a processor's cache. It is read between two checks.
const MUCH: usize = 96 << 20;
/// How many checks are measured with empty caches.
const COLD: usize = 100;

/// Nanoseconds of single checks, and the mean time of a check in a batch.
#[derive(Default)]
struct Figures {
    median: Series,
    p99: Series,
    batch: Series,
}

/// Measures the group.
pub(crate) async fn measure(bench: &Bench, table: &mut Table) -> Result<()> {
    progress("  filling the engine");
    let engine = Authorization::new();
    memory::apply_roles(&engine)?;
    memory::apply_users(&engine, USERS)?;
    let plain = Plain::new(USERS)?;
    let questions = plain.questions(QUESTIONS);
    if let Some(question) = questions
        .iter()
        .find(|question| check(&engine, question.user, &question.topic) != question.allowed)
    {
        return Err(format!("the engine and the scan disagree about {}", question.topic).into());
    }
    let mut decisions = Decisions::start(bench, &plain, &questions)?;
    let [mut ours, mut scan, mut cedar, mut casbin]: [Figures; 4] = Default::default();
    let mut cold = Vec::new();
    for round in 1..=bench.options.rounds {
        ours.add(bench, &questions, |user, topic| check(&engine, user, topic));
        scan.add(bench, &questions, |user, topic| plain.check(user, topic));
        cold.extend(time_cold(&engine, &questions));
        for (name, figures) in [("cedar", &mut cedar), ("casbin", &mut casbin)] {
            if let Some(decisions) = &mut decisions {
                let times = decisions.measure(name, bench.options.seconds).await?;
                figures.median.push(times.median);
                figures.p99.push(times.p99);
            }
        }
        progress(&format!("  round {round}"));
    }
    add_rows(table, &ours, &scan, &[cedar, casbin], &cold);
    add_memory(bench, table).await
}

fn add_rows(table: &mut Table, ours: &Figures, scan: &Figures, peers: &[Figures; 2], cold: &[f64]) {
    let beside = "plain scan of the user's 60 filters";
    let row = |what: &str, series: &Series| Row::rate(what, "ns", series).less_is_better();
    table.add(
        row("permission check, median", &ours.median)
            .beside(beside, &scan.median)
            .goal(5.0)
            .note("single checks, without the time of the clock itself; the question is in the cache, as if it was just read")
            .note(format!("{:.0} ns if nothing else is in a cache", median(cold))),
    );
    table.add(row("permission check, p99", &ours.p99).beside(beside, &scan.p99));
    table.add(
        row("permission check, in batches", &ours.batch)
            .beside(beside, &scan.batch)
            .note(format!(
                "median of the means of {BATCH} checks of different users"
            )),
    );
    let remarks = [
        "it has only the 60 policies of the user, prepared before; its `like` crosses `/`, so it is not exact for `+`",
        "unchanged, with all policies but only the users of the questions",
    ];
    for ((name, remark), peer) in ["cedar-policy 4.14", "casbin 2.20"]
        .iter()
        .zip(remarks)
        .zip(peers)
    {
        if !peer.median.values.is_empty() {
            table.add(
                row("permission check, median", &ours.median)
                    .beside(*name, &peer.median)
                    .note(remark),
            );
        }
    }
}

async fn add_memory(bench: &Bench, table: &mut Table) -> Result<()> {
    let users = bench.options.users_in_memory;
    let (bytes, seconds) = memory::measured(bench, users).await?;
    let (mut memory, mut filling) = (Series::default(), Series::default());
    memory.push(bytes / 1_048_576.0);
    filling.push(users as f64 / seconds);
    let what = format!("engine's memory for {users} users");
    table.add(Row::rate(what, "MiB", &memory).note(format!("{:.0} bytes a user", bytes / users as f64)));
    let what = format!("filling the engine with {users} users");
    table.add(
        Row::rate(what, "users/s", &filling).note(format!("{seconds:.1} s; {} events a user", GRANTS + 1)),
    );
    Ok(())
}

fn check(engine: &Authorization, user: UserId, topic: &str) -> bool {
    engine.check(user, Context::Mqtt, Operation::Read, topic).allowed
}

impl Figures {
    /// Adds a round.
    fn add(&mut self, bench: &Bench, questions: &[Question], check: impl Fn(UserId, &str) -> bool) {
        let clock = time_singly(bench, questions, |_, _| true);
        let own = median(&clock);
        let times = time_singly(bench, questions, &check);
        self.median.push(median(&times) - own);
        self.p99.push(quantile(&times, 0.99) - own);
        self.batch.push(median(&time_batches(bench, questions, check)));
    }
}

/// Nanoseconds of each check, including the time of the clock. The question is always at the same address, and was just
/// written.
fn time_singly(bench: &Bench, questions: &[Question], check: impl Fn(UserId, &str) -> bool) -> Vec<f64> {
    let mut times = Vec::new();
    let mut topic = String::with_capacity(256);
    let begun = Instant::now();
    while begun.elapsed().as_secs() < bench.options.seconds.div_ceil(2) {
        for question in questions {
            let user = black_box(question.user);
            topic.clear();
            topic.push_str(&question.topic);
            let asked = black_box(topic.as_str());
            let begun = Instant::now();
            black_box(check(user, asked));
            times.push(begun.elapsed().as_nanos() as f64);
        }
    }
    times
}

/// Nanoseconds of a check, one value per batch.
fn time_batches(bench: &Bench, questions: &[Question], check: impl Fn(UserId, &str) -> bool) -> Vec<f64> {
    let mut times = Vec::new();
    let begun = Instant::now();
    while begun.elapsed().as_secs() < bench.options.seconds.div_ceil(2) {
        for batch in questions.chunks_exact(BATCH) {
            let begun = Instant::now();
            for question in batch {
                black_box(check(black_box(question.user), black_box(&question.topic)));
            }
            times.push(begun.elapsed().as_nanos() as f64 / BATCH as f64);
        }
    }
    times
}

/// Nanoseconds of checks; before each check, much other memory was read.
fn time_cold(engine: &Authorization, questions: &[Question]) -> Vec<f64> {
    let much = vec![1_u8; MUCH];
    let mut times = Vec::new();
    for question in questions.iter().take(COLD) {
        black_box(much.iter().step_by(64).map(|byte| u64::from(*byte)).sum::<u64>());
        let topic = question.topic.clone();
        let begun = Instant::now();
        black_box(check(engine, black_box(question.user), black_box(&topic)));
        times.push(begun.elapsed().as_nanos() as f64);
    }
    times
}
