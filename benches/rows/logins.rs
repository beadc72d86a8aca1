//! Logins beside the hash alone, and what others notice of them.

use std::{
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use super::{
    bare_login,
    logins_by_code::{self, Owners},
    server::{Ask, HASHING_CONNECTIONS, Subject, hashes},
};
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
    let url = bench.database_of_people("bench_logins").await?;
    logins_by_code::make_owners(bench, &url).await?;
    let subject = Subject::start_at(bench, &url).await?;
    let simple = Subject::other(bench, bare_login::start(bench).await?);
    let (mut logins, mut ceiling, mut simplest) = (Series::default(), Series::default(), Series::default());
    let (mut by_code, mut owners) = (Series::default(), Owners::default());
    let mut quiet = ASKED.map(|_| Series::default());
    let mut loaded = ASKED.map(|_| Series::default());
    let mut beside_simple = ASKED.map(|_| Series::default());
    for round in 1..=bench.options.rounds {
        progress(&format!("  round {round}"));
        ceiling.add(hashes(bench).await?);
        logins.add(subject.ask(Ask::LogIn).await?);
        by_code.add(owners.log_in(bench, &subject).await?);
        simplest.add(simple.ask(Ask::LogIn).await?);
        for (number, (ask, _)) in ASKED.into_iter().enumerate() {
            let of = |load| p99_of(bench, &subject, ask, load);
            if let (Some(quiet), Some(loaded), Some(beside_simple)) = (
                quiet.get_mut(number),
                loaded.get_mut(number),
                beside_simple.get_mut(number),
            ) {
                quiet.push(of(None).await?);
                loaded.push(of(Some(&subject)).await?);
                beside_simple.push(of(Some(&simple)).await?);
            }
        }
    }
    simple.stop().await?;
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
    table.add(
        Row::rate("logins by password and code (TOTP)", "logins/s", &by_code)
            .beside("by password alone", &logins)
            .note(format!(
                "{HASHING_CONNECTIONS} connections, each code of an own user"
            )),
    );
    table.add(
        Row::rate("logins/s", "logins/s", &logins)
            .beside("the simplest server with a durable token", &simplest),
    );
    table.add(
        Row::rate("logins/s of the simplest server", "logins/s", &simplest)
            .beside("hashes alone, all cores", &ceiling),
    );
    for ((_, what), (loaded, (quiet, beside_simple))) in ASKED
        .into_iter()
        .zip(loaded.iter().zip(quiet.iter().zip(&beside_simple)))
    {
        table.add(
            Row::rate(format!("p99 under full login load: {what}"), "ms", loaded)
                .less_is_better()
                .beside("while another process logs in", beside_simple),
        );
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

/// The 99th percentile of what others wait, in milliseconds, while as many connections as possible log in at `load`.
async fn p99_of(bench: &Bench, subject: &Subject<'_>, ask: Ask, load: Option<&Subject<'_>>) -> Result<f64> {
    let (address, users) = (subject.server.address(), bench.options.users);
    let logins = load.map_or(0, |_| HASHING_CONNECTIONS);
    let loaded = load.map_or(address, |load| load.server.address());
    let cpu = Cpu::default();
    let measured = rate(OTHERS + logins, bench.options.window(), &cpu, |worker, run| {
        let (token, next) = (Arc::clone(&subject.token), Arc::clone(&subject.next));
        async move {
            let at = if worker < OTHERS { address } else { loaded };
            let mut connection = Connection::open(at).await?;
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
