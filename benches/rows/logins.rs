//! Logins beside the hash alone, and what others notice of them.

use std::{
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use super::server::{Ask, HASHING_CONNECTIONS, Subject, hashes};
use crate::{
    context::{Bench, HASHING, Result},
    cpu::Cpu,
    http::Connection,
    measure::{Series, rate},
    progress,
    table::{Row, Table},
};

/// Connections of the others.
const OTHERS: usize = 4;
/// How long each of the others waits after an answer. Without this, they would keep the cores busy themselves.
const PAUSE: Duration = Duration::from_millis(5);
/// What the others ask.
const ASKED: [(Ask, &str); 2] = [
    (Ask::CheckToken, "GET /api/session"),
    (Ask::ListUsers, "a list of 100 users"),
];

/// Measures the group.
pub(crate) async fn measure(bench: &Bench, table: &mut Table) -> Result<()> {
    let subject = Subject::start(bench, "bench_logins").await?;
    let (mut logins, mut ceiling) = (Series::default(), Series::default());
    let mut quiet = ASKED.map(|_| Series::default());
    let mut loaded = ASKED.map(|_| Series::default());
    for round in 1..=bench.options.rounds {
        progress(&format!("  round {round}"));
        ceiling.add(hashes(bench).await?);
        logins.add(subject.ask(Ask::LogIn).await?);
        for ((ask, _), (quiet, loaded)) in ASKED.into_iter().zip(quiet.iter_mut().zip(&mut loaded)) {
            quiet.push(p99_of(bench, &subject, ask, 0).await?);
            loaded.push(p99_of(bench, &subject, ask, HASHING_CONNECTIONS).await?);
        }
    }
    subject.stop().await?;
    let parameters = format!(
        "argon2id, m={} KiB, t={}, p={}; {HASHING_CONNECTIONS} connections",
        HASHING.memory_kib, HASHING.iterations, HASHING.parallelism
    );
    table.add(
        Row::rate("logins", "logins/s", &logins)
            .beside("hashes alone, all cores", &ceiling)
            .goal(0.95)
            .note(parameters),
    );
    for ((_, what), (quiet, loaded)) in ASKED.into_iter().zip(quiet.iter().zip(&loaded)) {
        table.add(
            Row::rate(format!("p99 under full login load: {what}"), "ms", loaded)
                .less_is_better()
                .beside("without logins", quiet)
                .goal(0.333)
                .note(format!("{OTHERS} connections, each with a pause of {PAUSE:?}")),
        );
    }
    Ok(())
}

/// The 99th percentile of what others wait, while so many connections log in, in milliseconds.
async fn p99_of(bench: &Bench, subject: &Subject<'_>, ask: Ask, logins: usize) -> Result<f64> {
    let (address, users) = (subject.server.address(), bench.options.users);
    let cpu = Cpu::default();
    let measured = rate(OTHERS + logins, bench.options.window(), &cpu, |worker, run| {
        let (token, next) = (Arc::clone(&subject.token), Arc::clone(&subject.next));
        async move {
            let mut connection = Connection::open(address).await?;
            while run.goes_on() {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if worker < OTHERS {
                    let began = Instant::now();
                    ask.send(&mut connection, &token, users, number).await?;
                    run.count_since(began);
                    tokio::time::sleep(PAUSE).await;
                } else {
                    Ask::LogIn.send(&mut connection, &token, users, number).await?;
                }
            }
            Ok(())
        }
    });
    Ok(measured.await?.latency.1)
}
