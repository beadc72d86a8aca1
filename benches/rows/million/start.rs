//! A start with many users: how long the server takes until it listens, how much memory it has then, and how long a
//! check takes.

use std::{hint::black_box, sync::Arc, time::Instant};

use aggregates::values::{Context, Operation};
use authorization::Authorization;
use ledger::{Ledger, MasterKey, clock::SystemClock, ids::SystemEntropy};
use projections::sql::{Db, Options};
use tokio::process::Command;

use super::Place;
use crate::{
    context::{Bench, KEY, Result},
    measure::{Series, median, quantile},
    outside::output,
    progress,
    random::Random,
    rows::memory::{self, GRANTS, ROLES, role_of},
    seed, server,
    table::{Row, Table},
};

/// In how many seconds the server should start.
const SECONDS: f64 = 10.0;
/// How many MiB the engine should have at most.
const MEBIBYTES: f64 = 300.0;
/// How many questions a measurement has.
const QUESTIONS: u64 = 1 << 19;
/// Checks between two reads of the clock.
const BATCH: usize = 16;

/// Measures the start.
pub(super) async fn measure(bench: &Bench, place: &Place, table: &mut Table) -> Result<()> {
    let (users, on) = (place.users, place.engine.name());
    let [
        mut starts,
        mut resident,
        mut loads,
        mut engines,
        mut checks,
        mut worst,
    ] = [const {
        Series {
            values: Vec::new(),
            shares: Vec::new(),
            latencies: Vec::new(),
        }
    }; 6];
    // The first start makes the administrator.
    place.server(bench).await?.stop().await?;
    for round in 1..=bench.options.rounds {
        progress(&format!("  starting with {users} users, round {round}"));
        let begun = Instant::now();
        let server = place.server(bench).await?;
        starts.push(begun.elapsed().as_secs_f64());
        resident.push(server.memory()? as f64 / 1_048_576.0);
        server.stop().await?;
        let [seconds, bytes, median, p99] = in_a_process_of_its_own(bench, place).await?;
        loads.push(seconds);
        engines.push(bytes / 1_048_576.0);
        checks.push(median);
        worst.push(p99);
    }
    let always = |value: f64| Series {
        values: vec![value; bench.options.rounds],
        shares: Vec::new(),
        latencies: Vec::new(),
    };
    let what = format!("start with {users} users, {on}");
    table.add(
        Row::rate(what, "s", &starts)
            .less_is_better()
            .beside("the limit", &always(SECONDS))
            .goal(1.0)
            .note(format!(
                "from the start of the process to `listening on`; {:.1} s of it in Ledger::open; {:.0} MiB resident \
                 then; recorded at {:.0} events/s",
                median(&loads.values),
                median(&resident.values),
                place.filled,
            )),
    );
    let what = format!("engine of {users} users, loaded from {on}");
    let limit = MEBIBYTES.max(MEBIBYTES * users as f64 / 1_000_000.0);
    table.add(
        Row::rate(what, "MiB", &engines)
            .less_is_better()
            .beside("the limit", &always(limit))
            .goal(1.0)
            .note("growth of the resident memory during Ledger::open, with the database open before"),
    );
    for (what, series) in [("median", checks), ("p99", worst)] {
        let what = format!("check among {users} users, loaded from {on}, {what}");
        table.add(
            Row::rate(what, "ns", &series)
                .less_is_better()
                .note(format!("of the means of {BATCH} checks of different users")),
        );
    }
    Ok(())
}

async fn in_a_process_of_its_own(bench: &Bench, place: &Place) -> Result<[f64; 4]> {
    let mut itself = Command::new(&bench.itself);
    itself.arg("start").arg(&place.url).arg(place.users.to_string());
    let text = output(itself).await?;
    let figures: Vec<f64> = text
        .split_whitespace()
        .map(str::parse)
        .collect::<std::result::Result<_, _>>()?;
    figures
        .try_into()
        .map_err(|_| "the helper said something else".into())
}

/// Opens a ledger as the server does. Returns the seconds, the bytes, and the nanoseconds of a check, median and p99.
pub(crate) async fn open(url: &str, users: u64) -> Result<[f64; 4]> {
    let db = Db::open(url, &Options::default()).await?;
    // A connection reads with its own cache, which is not part of the engine.
    let before = server::memory("self")?;
    let begun = Instant::now();
    let ledger = Ledger::open(
        db,
        &MasterKey::new(KEY),
        Arc::new(SystemClock),
        Arc::new(SystemEntropy),
        projections::GUARDS,
    )
    .await?;
    let seconds = begun.elapsed().as_secs_f64();
    let engine = Arc::clone(ledger.authorization());
    ledger.close().await;
    let bytes = server::memory("self")?.saturating_sub(before) as f64;
    if (engine.user_count() as u64) < users {
        return Err("the engine does not have all users".into());
    }
    let times = checks(&engine, users)?;
    Ok([seconds, bytes, median(&times), quantile(&times, 0.99)])
}

/// Half of the topics match a pattern of the user, and half match a pattern of any user.
fn checks(engine: &Authorization, users: u64) -> Result<Vec<f64>> {
    let patterns: Vec<_> = (0..ROLES).map(memory::permissions).collect::<Result<Vec<_>>>()?;
    let mut random = Random::new(11);
    let questions: Vec<_> = (0..QUESTIONS)
        .map(|number| {
            let user = random.below(users);
            let of = if number % 2 == 0 {
                user
            } else {
                random.below(users)
            };
            let patterns = &patterns[role_of(of, random.below(GRANTS)) as usize];
            let (pattern, _) = &patterns[random.below(patterns.len() as u64) as usize];
            let topic = pattern.replace('+', "7").replace('#', "device/7/state");
            (seed::user(user), topic)
        })
        .collect();
    let mut times = Vec::with_capacity(questions.len() / BATCH);
    for batch in questions.chunks_exact(BATCH) {
        let begun = Instant::now();
        for (user, topic) in batch {
            black_box(engine.check(black_box(*user), Context::Mqtt, Operation::Read, topic));
        }
        times.push(begun.elapsed().as_nanos() as f64 / BATCH as f64);
    }
    Ok(times)
}
