//! What the length of a stream costs: loading streams that have no snapshot, loading a long one from its snapshot, and commands
//! that write snapshots more or less often.

use std::sync::Arc;

use aggregates::{
    Command, Event,
    user::{User, UserCommand, UserEvent},
    values::UserId,
};
use ledger::{Executor, Ledger, Metadata};

use crate::{
    context::{Bench, Result, open_ledger},
    cpu::{Cpu, Processes},
    measure::{Rate, Series, rate},
    progress, seed,
    table::{Row, Table},
};

/// The lengths of streams without snapshots.
const LENGTHS: [i64; 5] = [10, 1, 32, 64, 128];
/// How many streams of each length there are.
const STREAMS: u64 = 500;
/// The length of the long stream.
const LONG: i64 = 100_000;
/// After how many events a stream gets a snapshot; the last number means never.
const EVERY: [i64; 5] = [8, 16, 32, 64, i64::MAX];
/// How many tasks work at the same time.
const TASKS: u64 = 64;
/// How many users each task has.
const USERS: u64 = 20;

/// Measures the group.
pub(crate) async fn measure(bench: &Bench, table: &mut Table) -> Result<()> {
    bench.cluster.create("bench_streams").await?;
    let ledger = open_ledger(&bench.cluster.url("bench_streams")).await?;
    ledger.read_to_head().await?;
    progress("  making streams");
    let mut users = (0..).map(seed::user);
    let mut of_length: Vec<(i64, Arc<[UserId]>)> = Vec::new();
    let mut number = 0;
    for length in LENGTHS {
        let streams: Arc<[UserId]> = users.by_ref().take(STREAMS as usize).collect();
        for user in &*streams {
            make(&ledger, number, *user, length).await?;
            number += 1;
        }
        of_length.push((length, streams));
    }
    let long: Arc<[UserId]> = users.by_ref().take(1).collect();
    make(&ledger, number, long[0], LONG).await?;
    let executor = Executor::new(ledger.clone());
    execute(&executor, long[0]).await?;
    let mut writers = Vec::new();
    for every in EVERY {
        let own: Vec<UserId> = users.by_ref().take((TASKS * USERS) as usize).collect();
        for user in &own {
            number += 1;
            make(&ledger, number, *user, 1).await?;
        }
        writers.push((
            every,
            Executor::new(ledger.clone()).with_a_snapshot_every(every),
            own,
        ));
    }

    let mut loads = LENGTHS.map(|_| Series::default());
    let mut from_snapshot = Series::default();
    let mut commands = EVERY.map(|_| Series::default());
    for round in 1..=bench.options.rounds {
        progress(&format!("  round {round}"));
        for ((_, streams), series) in of_length.iter().zip(&mut loads) {
            series.add(load(bench, &executor, streams).await?);
        }
        from_snapshot.add(load(bench, &executor, &long).await?);
        for ((_, executor, own), series) in writers.iter().zip(&mut commands) {
            series.add(write(bench, executor, own).await?);
        }
    }
    for (length, series) in LENGTHS.iter().zip(&loads) {
        let what = format!("load a stream of {length} events, {TASKS} tasks");
        table.add(Row::rate(what, "streams/s", series).beside("a stream of 10 events", &loads[0]));
    }
    let what = format!("load a stream of {LONG} events from its snapshot");
    table.add(Row::rate(what, "streams/s", &from_snapshot).beside("a stream of 10 events", &loads[0]));
    for (every, series) in EVERY.iter().zip(&commands) {
        let what = match *every {
            i64::MAX => "commands in process, without snapshots".to_owned(),
            every => format!("commands in process, a snapshot every {every} events"),
        };
        table.add(
            Row::rate(what, "commands/s", series).beside("without snapshots", &commands[EVERY.len() - 1]),
        );
    }
    ledger.close().await;
    Ok(())
}

/// Makes a stream of this length, without a snapshot.
async fn make(ledger: &Ledger, number: u64, user: UserId, length: i64) -> Result<()> {
    let created = Event::User(seed::user_created(number, None));
    let rest = (2..=length).map(|sequence| (sequence, Event::User(UserEvent::TokensRevoked {})));
    let events = std::iter::once((1, created)).chain(rest);
    let events: Vec<_> = events
        .map(|(sequence, event)| seed::new_event(user, sequence, event))
        .collect();
    for unit in events.chunks(5_000) {
        ledger.append(seed::unit(unit.to_vec())).await?;
    }
    Ok(())
}

async fn execute(executor: &Executor, user: UserId) -> Result<()> {
    let command = Command::User(user, UserCommand::RevokeAllTokens);
    executor
        .execute(vec![command], &Metadata::system("bench"))
        .await?;
    Ok(())
}

fn cpu(bench: &Bench) -> Cpu {
    Cpu::of(&[
        ("process", Processes::Own),
        ("postgres", Processes::Tree(bench.cluster.process)),
    ])
}

/// Loads these streams in turn, as a login does.
async fn load(bench: &Bench, executor: &Executor, streams: &Arc<[UserId]>) -> Result<Rate> {
    rate(
        TASKS as usize,
        bench.options.window(),
        &cpu(bench),
        |worker, run| {
            let (executor, streams) = (executor.clone(), Arc::clone(streams));
            async move {
                let mut number = worker;
                while run.goes_on() {
                    executor.read::<User>(streams[number % streams.len()]).await?;
                    run.count();
                    number += TASKS as usize;
                }
                Ok(())
            }
        },
    )
    .await
}

/// Sends commands to the users in turn.
async fn write(bench: &Bench, executor: &Executor, users: &[UserId]) -> Result<Rate> {
    rate(
        TASKS as usize,
        bench.options.window(),
        &cpu(bench),
        |worker, run| {
            let executor = executor.clone();
            let own = users[worker * USERS as usize..(worker + 1) * USERS as usize].to_vec();
            async move {
                let mut users = own.iter().cycle();
                while run.goes_on()
                    && let Some(user) = users.next()
                {
                    execute(&executor, *user).await?;
                    run.count();
                }
                Ok(())
            }
        },
    )
    .await
}
