//! What brokers ask: authorizations over HTTP beside an axum handler that decides nothing, and devices that all connect again at once.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use serde_json::json;
use tokio::task::JoinSet;

use super::plain::Plain;
use crate::{
    context::{Bench, Result},
    cpu::{Cpu, Processes},
    http::Connection,
    measure::{Rate, Series, rate},
    progress, seed,
    server::Server,
    table::{Row, Table},
};

const AUTHN: &str = "/hooks/emqx/authn";
const AUTHZ: &str = "/hooks/emqx/authz";
const SECRET: &str = "the-secret-of-the-brokers";
const SETTINGS: [(&str, &str); 2] = [
    ("MUNIMENT_HOOKS_LISTEN", "127.0.0.1:0"),
    ("MUNIMENT_HOOKS_SECRET", SECRET),
];
/// How many different questions there are.
const QUESTIONS: usize = 1 << 14;
/// How many connections the broker has.
const CONNECTIONS: usize = 64;
/// How many devices connect again.
const DEVICES: u64 = 10_000;
/// A user of EMQX times out near so many authorizations a second; we want four times as many.
const AT_LEAST: f64 = 16_000.0;

/// Measures the group.
pub(crate) async fn measure(bench: &Bench, table: &mut Table) -> Result<()> {
    let database = bench.database_of_holders("bench_brokers").await?;
    let server = Server::muniment_with(bench, &database, &SETTINGS).await?;
    let hooks = server.hooks().ok_or("the server does not listen for brokers")?;
    authorizations(bench, table, &server, hooks).await?;
    storm(bench, table, server, hooks).await
}

async fn authorizations(bench: &Bench, table: &mut Table, server: &Server, hooks: SocketAddr) -> Result<()> {
    let plain = Plain::new(bench.options.holders)?;
    let questions = plain.questions(QUESTIONS);
    let bodies = questions.iter().map(|asked| {
        let username = seed::username(asked.number);
        let body = json!({ "username": username, "topic": asked.topic, "action": "subscribe" });
        (body.to_string(), asked.allowed)
    });
    let bodies: Arc<Vec<(String, bool)>> = Arc::new(bodies.collect());
    let file = bench.folder.join("authorization.http");
    let mut connection = Connection::open(hooks).await?;
    let answer = connection
        .expect(200, ("POST", AUTHZ), SECRET, &bodies[0].0)
        .await?;
    std::fs::write(&file, [answer.head, answer.body].concat())?;
    let bare = Server::bare(bench, "authorizing", &file).await?;
    let (mut ours, mut theirs) = (Series::default(), Series::default());
    for round in 1..=bench.options.rounds {
        progress(&format!("  round {round}"));
        ours.add(flood(bench, hooks, server.processes(), &bodies, true).await?);
        theirs.add(flood(bench, bare.address(), bare.processes(), &bodies, false).await?);
    }
    bare.stop().await?;
    table.add(
        Row::rate(
            format!("authorizations of a broker, {CONNECTIONS} connections"),
            "requests/s",
            &ours,
        )
        .beside("bare axum handler that reads the same JSON", &theirs)
        .goal(0.7)
        .at_least(AT_LEAST)
        .note(format!("p50, p99: {}", ours.latency())),
    );
    Ok(())
}

/// How many authorizations per second are answered.
async fn flood(
    bench: &Bench,
    address: SocketAddr,
    processes: Processes,
    bodies: &Arc<Vec<(String, bool)>>,
    checks: bool,
) -> Result<Rate> {
    let cpu = Cpu::of(&[("server", processes), ("load", Processes::Own)]);
    let next = Arc::new(AtomicU64::new(0));
    rate(CONNECTIONS, bench.options.window(), &cpu, |_, run| {
        let (bodies, next) = (Arc::clone(bodies), Arc::clone(&next));
        async move {
            let mut connection = Connection::open(address).await?;
            while run.goes_on() {
                let number = next.fetch_add(1, Ordering::Relaxed) as usize;
                let (body, allowed) = &bodies[number % bodies.len()];
                let began = Instant::now();
                let answer = connection.expect(200, ("POST", AUTHZ), SECRET, body).await?;
                if checks && is_allowed(answer.body) != *allowed {
                    return Err(format!("a wrong answer to {body}").into());
                }
                run.count_since(began);
            }
            Ok(())
        }
    })
    .await
}

fn is_allowed(body: &[u8]) -> bool {
    let allow = br#""result":"allow""#;
    body.windows(allow.len()).any(|bytes| bytes == allow)
}

/// Measures how long it takes until all devices are in, first without any that the server has seen, and then with all of them seen.
async fn storm(bench: &Bench, table: &mut Table, server: Server, hooks: SocketAddr) -> Result<()> {
    let devices = DEVICES.min(bench.options.holders);
    progress(&format!("  {devices} devices connect for the first time"));
    let mut first = Series::default();
    first.push(connect_all(hooks, devices).await?);
    let mut again = Series::default();
    for _ in 0..bench.options.rounds {
        again.push(connect_all(hooks, devices).await?);
    }
    // What was hashed beside the first time of each device, and the password of the administrator at the first start.
    let hashes = server.end(bench).await?.saturating_sub(devices + 1);
    table.add(
        Row::rate(
            format!("{devices} known devices connect again: time until all are in"),
            "s",
            &again,
        )
        .less_is_better()
        .beside("the first time", &first)
        .note(format!(
            "{hashes} hashes of argon2 for those seen before; {CONNECTIONS} connections"
        )),
    );
    match hashes {
        0 => Ok(()),
        _ => Err(format!("{hashes} hashes for devices that the server had seen").into()),
    }
}

/// Lets all devices connect, and returns the seconds that it took.
async fn connect_all(hooks: SocketAddr, devices: u64) -> Result<f64> {
    let next = Arc::new(AtomicU64::new(0));
    let began = Instant::now();
    let mut tasks = JoinSet::new();
    for _ in 0..CONNECTIONS {
        let next = Arc::clone(&next);
        tasks.spawn(async move {
            let mut connection = Connection::open(hooks).await?;
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= devices {
                    return Result::Ok(());
                }
                let username = seed::username(number);
                let body = json!({ "username": username, "password": seed::PASSWORD }).to_string();
                let answer = connection.expect(200, ("POST", AUTHN), SECRET, &body).await?;
                if !is_allowed(answer.body) {
                    return Err(format!("{username} was refused").into());
                }
            }
        });
    }
    while let Some(ended) = tasks.join_next().await {
        ended??;
    }
    Ok(began.elapsed().as_secs_f64())
}
