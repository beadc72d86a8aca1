//! Users without a password, made over HTTP in batches by importers: `POST /api/users/batch`. Beside it are transactions
//! that insert the same number of rows, by the same number of clients of pgbench.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use crate::{
    context::{Bench, Result},
    cpu::{Cpu, Processes},
    http::Connection,
    measure::{Rate, Series, rate},
    postgres::Floor,
    progress,
    server::Server,
    table::{Row, Table},
};

/// How many importers there are.
const IMPORTERS: [usize; 2] = [1, 12];
/// How many users a batch has: the most that the server accepts.
const BATCH: u64 = 1_000;
/// The database of the server.
const DATABASE: &str = "bench_imports";

/// Measures the group.
pub(crate) async fn measure(bench: &Bench, table: &mut Table) -> Result<()> {
    let floor = Floor::of_batches(bench, BATCH).await?;
    floor.warm_up().await?;
    let server = Server::muniment(bench, &bench.database_of_people(DATABASE).await?).await?;
    let import = Import {
        bench,
        token: server.log_in().await?.into(),
        server: &server,
        next: Arc::default(),
    };
    let mut ours = IMPORTERS.map(|_| Series::default());
    let mut inserts = IMPORTERS.map(|_| Series::default());
    for round in 1..=bench.options.rounds {
        progress(&format!("  round {round}"));
        for (at, importers) in IMPORTERS.into_iter().enumerate() {
            inserts[at].add(of_users(floor.by(importers).measure().await?));
            ours[at].add(of_users(import.measure(importers).await?));
        }
    }
    server.stop().await?;
    for (at, importers) in IMPORTERS.into_iter().enumerate() {
        let s = if importers == 1 { "" } else { "s" };
        let what = format!("users without password, batches of {BATCH} by {importers} importer{s}");
        let beside = format!("pgbench, INSERT of {BATCH} rows, {importers} client{s}");
        table.add(
            Row::rate(what, "users/s", &ours[at])
                .beside(beside, &inserts[at])
                .note(format!("of a batch: {}", ours[at].latency())),
        );
    }
    Ok(())
}

/// The rate of users, from a rate of batches.
fn of_users(rate: Rate) -> Rate {
    Rate {
        per_second: rate.per_second * BATCH as f64,
        ..rate
    }
}

/// The server into which users are imported.
struct Import<'a> {
    bench: &'a Bench,
    server: &'a Server,
    token: Arc<str>,
    /// The number of the next batch.
    next: Arc<AtomicU64>,
}

impl Import<'_> {
    async fn measure(&self, importers: usize) -> Result<Rate> {
        let cluster = &self.bench.cluster;
        let cpu = Cpu::of(&[
            ("server", self.server.processes()),
            ("postgres", Processes::Tree(cluster.process)),
            ("load", Processes::Own),
        ]);
        let (before, address) = (cluster.head(DATABASE).await?, self.server.address());
        let rate = rate(importers, self.bench.options.window(), &cpu, |_, run| {
            let (token, next) = (Arc::clone(&self.token), Arc::clone(&self.next));
            async move {
                let mut connection = Connection::open(address).await?;
                while run.goes_on() {
                    let body = batch(next.fetch_add(1, Ordering::Relaxed));
                    let began = Instant::now();
                    connection
                        .expect(200, ("POST", "/api/users/batch"), &token, &body)
                        .await?;
                    run.count_since(began);
                }
                Ok(())
            }
        })
        .await?;
        let recorded = cluster.head(DATABASE).await? - before;
        let made = rate.all * BATCH;
        if recorded == made {
            Ok(rate)
        } else {
            Err(format!("{made} users were acknowledged, but {recorded} recorded").into())
        }
    }
}

/// The body of a batch.
fn batch(number: u64) -> String {
    let users = (number * BATCH..(number + 1) * BATCH).map(|user| {
        format!(
            r#"{{"username":"imported.{user:08}","identityProvider":"ldap","grantTypes":[{{"method":"password","isRequired":false}},{{"method":"token","isRequired":false}}],"roles":[]}}"#
        )
    });
    format!("[{}]", users.collect::<Vec<_>>().join(","))
}
