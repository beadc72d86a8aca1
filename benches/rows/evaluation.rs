//! Permission checks over HTTP: `POST /access/v1/evaluation` and `/evaluations`, beside axum handlers that decide
//! nothing, beside Cerbos, and while other clients log in; and the first page of a search.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use super::{
    cerbos,
    plain::{Plain, Question},
};
use crate::{
    context::{Bench, Result},
    cpu::{Cpu, Processes},
    http::Connection,
    measure::{Rate, Series, quantile, rate},
    progress, seed,
    server::Server,
    table::{Row, Table},
};

const ONE: &str = "/access/v1/evaluation";
const MANY: &str = "/access/v1/evaluations";
const SEARCH: &str = "/access/v1/search/subject";
/// How many different questions there are.
const QUESTIONS: usize = 1 << 14;
/// How many questions a body has, if it has many.
const BATCH: usize = 1_000;
/// How many connections there are. Cerbos gets fewer, since it has more work for each.
const CONNECTIONS: usize = 64;
const FEW: usize = 8;
/// How many clients ask now and then while others log in, and how long each client waits in between.
const PROBES: usize = 4;
const PAUSE: Duration = Duration::from_millis(2);
/// How many clients log in meanwhile.
const LOGINS: usize = 64;

/// A request, and a text that its answer must contain.
struct Ask {
    body: String,
    expected: Option<&'static str>,
}

/// A server, and the questions for it.
#[derive(Clone)]
struct Target {
    address: SocketAddr,
    processes: Processes,
    path: &'static str,
    token: String,
    asks: Arc<Vec<Ask>>,
}

/// Measures the group.
pub(crate) async fn measure(bench: &Bench, table: &mut Table) -> Result<()> {
    let plain = Plain::new(bench.options.holders)?;
    let questions = plain.questions(QUESTIONS);
    let database = bench.database_of_holders("bench_evaluation").await?;
    let server = Server::muniment(bench, &database).await?;
    let token = server.log_in().await?;
    let ours = Target::new(&server, ONE, &token, questions.iter().map(one));
    beside_bare(bench, table, &ours).await?;
    beside_cerbos(bench, table, &ours, &plain, &questions).await?;
    in_batches(bench, table, &ours, &questions).await?;
    search(bench, table, &ours, &questions).await?;
    beside_logins(bench, table, &ours).await?;
    server.stop().await
}

fn entities(asked: &Question) -> String {
    format!(
        r#"{{"subject":{{"type":"user","id":"{}"}},"action":{{"name":"read"}},"resource":{{"type":"mqtt","id":"{}"}}}}"#,
        asked.user, asked.topic
    )
}

fn one(asked: &Question) -> Ask {
    Ask {
        body: entities(asked),
        expected: Some(if asked.allowed {
            r#"{"decision":true"#
        } else {
            r#"{"decision":false"#
        }),
    }
}

impl Target {
    fn new(server: &Server, path: &'static str, token: &str, asks: impl Iterator<Item = Ask>) -> Self {
        Self {
            address: server.address(),
            processes: server.processes(),
            path,
            token: token.to_owned(),
            asks: Arc::new(asks.collect()),
        }
    }

    /// How many requests per second are answered.
    async fn flood(&self, bench: &Bench, connections: usize) -> Result<Rate> {
        let cpu = Cpu::of(&[("server", self.processes), ("load", Processes::Own)]);
        let next = Arc::new(AtomicU64::new(0));
        rate(connections, bench.options.window(), &cpu, |_, run| {
            let (target, next) = (self.clone(), Arc::clone(&next));
            async move {
                let mut connection = Connection::open(target.address).await?;
                while run.goes_on() {
                    target.ask(&mut connection, &next).await?;
                    run.count();
                }
                Ok(())
            }
        })
        .await
    }

    async fn ask(&self, connection: &mut Connection, next: &AtomicU64) -> Result<()> {
        let number = next.fetch_add(1, Ordering::Relaxed) as usize;
        let ask = &self.asks[number % self.asks.len()];
        let answer = connection
            .expect(200, ("POST", self.path), &self.token, &ask.body)
            .await?;
        let has = |text: &str| {
            answer
                .body
                .windows(text.len())
                .any(|bytes| bytes == text.as_bytes())
        };
        if ask.expected.is_some_and(|expected| !has(expected)) {
            let said = String::from_utf8_lossy(answer.body);
            return Err(format!("{} was answered {said}", ask.body).into());
        }
        Ok(())
    }
}

async fn beside_bare(bench: &Bench, table: &mut Table, ours: &Target) -> Result<()> {
    let file = bench.folder.join("evaluation.http");
    let mut connection = Connection::open(ours.address).await?;
    let answer = connection
        .expect(200, ("POST", ONE), &ours.token, &ours.asks[0].body)
        .await?;
    std::fs::write(&file, [answer.head, answer.body].concat())?;
    let (reading, ignoring) = (
        Server::bare(bench, "reading", &file).await?,
        Server::bare(bench, "ignoring", &file).await?,
    );
    let asks = || {
        ours.asks.iter().map(|ask| Ask {
            body: ask.body.clone(),
            expected: None,
        })
    };
    let targets = [
        ours.clone(),
        Target::new(&reading, ONE, &ours.token, asks()),
        Target::new(&ignoring, ONE, &ours.token, asks()),
    ];
    let series: [Series; 3] = rounds(bench, CONNECTIONS, &targets).await?;
    reading.stop().await?;
    ignoring.stop().await?;
    let [ours, reading, ignoring] = &series;
    let what = format!("evaluations over HTTP, {CONNECTIONS} connections");
    let row = || Row::rate(&what, "requests/s", ours);
    table.add(
        row()
            .beside("bare axum handler that reads the same JSON", reading)
            .goal(0.7),
    );
    table.add(row().beside("bare axum handler that ignores the body", ignoring));
    Ok(())
}

/// Measures each server in turn, round after round. The first round is a warm-up.
async fn rounds<const N: usize>(
    bench: &Bench,
    connections: usize,
    targets: &[Target; N],
) -> Result<[Series; N]> {
    let mut series = [const {
        Series {
            values: Vec::new(),
            shares: Vec::new(),
            latencies: Vec::new(),
        }
    }; N];
    for round in 0..=bench.options.rounds {
        for (target, series) in targets.iter().zip(&mut series) {
            let rate = target.flood(bench, connections).await?;
            if round > 0 {
                series.add(rate);
            }
        }
        progress(&format!("  round {round}"));
    }
    Ok(series)
}

async fn beside_cerbos(
    bench: &Bench,
    table: &mut Table,
    ours: &Target,
    plain: &Plain,
    questions: &[Question],
) -> Result<()> {
    let Some(server) = cerbos::start(bench, plain).await? else {
        return Ok(());
    };
    let asks = questions.iter().map(|question| Ask {
        body: cerbos::body(question),
        expected: Some(if question.allowed {
            "EFFECT_ALLOW"
        } else {
            "EFFECT_DENY"
        }),
    });
    let theirs = Target::new(&server, cerbos::PATH, "", asks);
    let [ours, theirs] = rounds(bench, FEW, &[ours.clone(), theirs]).await?;
    server.stop().await?;
    table.add(
        Row::rate(
            format!("evaluations over HTTP, {FEW} connections"),
            "requests/s",
            &ours,
        )
        .beside("Cerbos 0.55", &theirs)
        .goal(5.0)
        .note("Cerbos keeps no users: each request names the three roles"),
    );
    Ok(())
}

async fn in_batches(bench: &Bench, table: &mut Table, ours: &Target, questions: &[Question]) -> Result<()> {
    let asks = questions.chunks_exact(BATCH).map(|questions| {
        let evaluations: Vec<String> = questions.iter().map(entities).collect();
        Ask {
            body: format!(r#"{{"evaluations":[{}]}}"#, evaluations.join(",")),
            expected: None,
        }
    });
    let many = Target {
        path: MANY,
        asks: Arc::new(asks.collect()),
        ..ours.clone()
    };
    let mut connection = Connection::open(many.address).await?;
    for (ask, questions) in many.asks.iter().zip(questions.chunks_exact(BATCH)) {
        let answer = connection
            .expect(200, ("POST", MANY), &many.token, &ask.body)
            .await?;
        let answer: serde_json::Value = serde_json::from_slice(answer.body)?;
        let decisions = answer["evaluations"].as_array().ok_or("no evaluations")?;
        let decisions = decisions.iter().map(|decision| decision["decision"] == true);
        if !decisions.eq(questions.iter().map(|question| question.allowed)) {
            return Err("the answers to a batch differ from the scan's".into());
        }
    }
    let [mut series] = rounds(bench, FEW, &[many]).await?;
    for value in &mut series.values {
        *value *= BATCH as f64;
    }
    let what = format!("evaluations over HTTP, in bodies of {BATCH}");
    table.add(Row::rate(what, "checks/s", &series).note(format!("{FEW} connections")));
    Ok(())
}

async fn search(bench: &Bench, table: &mut Table, ours: &Target, questions: &[Question]) -> Result<()> {
    let asks = questions.iter().map(|question| Ask {
        body: format!(
            r#"{{"subject":{{"type":"user"}},"action":{{"name":"read"}},"resource":{{"type":"mqtt","id":"{}"}},"page":{{"limit":100}}}}"#,
            question.topic
        ),
        expected: Some(r#""next_token""#),
    });
    let searches = Target {
        path: SEARCH,
        asks: Arc::new(asks.collect()),
        ..ours.clone()
    };
    let [series] = rounds(bench, FEW, &[searches]).await?;
    table.add(
        Row::rate("search for subjects, first page of 100", "requests/s", &series)
            .note(format!("{FEW} connections; {} users", bench.options.holders)),
    );
    Ok(())
}

async fn beside_logins(bench: &Bench, table: &mut Table, ours: &Target) -> Result<()> {
    let (mut quiet, mut busy, mut logins) = (Series::default(), Series::default(), Series::default());
    for round in 1..=bench.options.rounds {
        let (_, times) = probed(bench, ours, 0).await?;
        quiet.push(quantile(&times, 0.99));
        let (rate, times) = probed(bench, ours, LOGINS).await?;
        busy.push(quantile(&times, 0.99));
        logins.add(rate);
        progress(&format!("  round {round} with logins"));
    }
    let name = format!("evaluation's p99 while {LOGINS} clients log in");
    table.add(
        Row::rate(name, "us", &busy)
            .less_is_better()
            .beside("its p99 when nobody does", &quiet)
            .goal(0.33)
            .note(format!(
                "of {PROBES} connections that ask every {} ms; {:.0} logins/s meanwhile",
                PAUSE.as_millis(),
                crate::measure::median(&logins.values)
            )),
    );
    Ok(())
}

/// The microseconds of evaluations that are sent now and then, while so many clients log in.
async fn probed(bench: &Bench, ours: &Target, clients: usize) -> Result<(Rate, Vec<f64>)> {
    let times = Arc::new(Mutex::new(Vec::new()));
    let next = Arc::new(AtomicU64::new(0));
    let users = bench.options.holders;
    let window = bench.options.window();
    let rate = rate(PROBES + clients, window, &Cpu::default(), |worker, run| {
        let (target, next, times) = (ours.clone(), Arc::clone(&next), Arc::clone(&times));
        async move {
            let mut connection = Connection::open(target.address).await?;
            let begun = Instant::now();
            while run.goes_on() {
                if worker >= PROBES {
                    let user = seed::username(next.fetch_add(1, Ordering::Relaxed) % users);
                    let body = seed::login_body(&user);
                    connection.expect(200, ("POST", "/api/login"), "", &body).await?;
                    run.count();
                    continue;
                }
                tokio::time::sleep(PAUSE).await;
                let asked = Instant::now();
                target.ask(&mut connection, &next).await?;
                if begun.elapsed() > window.warm_up {
                    let mut times = times.lock().map_err(|_| "a probe failed")?;
                    times.push(asked.elapsed().as_secs_f64() * 1e6);
                }
            }
            Ok(())
        }
    })
    .await?;
    let times = std::mem::take(&mut *times.lock().map_err(|_| "a probe failed")?);
    Ok((rate, times))
}
