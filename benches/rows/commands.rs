//! The GrantRole command, acknowledged after its commit: over HTTP beside one-row INSERTs and beside stock cqrs-es, and
//! in process beside stock cqrs-es. Every command changes something: it grants a role to each user in turn, then revokes it, and so on.

use std::{sync::Arc, time::Instant};

use aggregates::{
    Command,
    user::{RoleGrant, UserCommand},
    values::RoleId,
};
use ledger::{Executor, Metadata};

use super::stock::Stock;
use crate::{
    context::{Bench, Result, open_ledger},
    cpu::{Cpu, Processes},
    http::Connection,
    measure::{Rate, Series, Window, rate},
    postgres::{FLOOR_NAME, Floor},
    progress, seed,
    server::Server,
    table::{Row, Table},
};

/// How many connections there are, and the goal beside pgbench.
const CONNECTIONS: [(u64, Option<f64>); 4] = [(1, None), (16, None), (64, Some(0.75)), (256, Some(0.95))];
/// How many tasks stock cqrs-es has. It is beside the row with the same number of connections.
const TASKS: [u64; 2] = [64, 256];
/// The goal beside stock cqrs-es.
const BESIDE_STOCK: f64 = 3.0;
/// How many users are used in turn, so that the server has their streams in memory.
const WARM: u64 = 10_000;
/// The sizes of pools that stock cqrs-es is tried with.
const POOLS: [u32; 3] = [10, 24, 64];
/// The database of the server.
const DATABASE: &str = "bench_commands";

/// The requests of one worker: each of its users in turn, again and again.
#[derive(Clone, Copy)]
struct Work {
    worker: u64,
    workers: u64,
    users: u64,
    /// Differs between measurements, so that no measurement finds the roles of another.
    measurement: u64,
}

/// Whether to grant or to revoke this role.
struct Change {
    user: u64,
    role: RoleId,
    grant: bool,
}

impl Work {
    fn change(&self, number: u64) -> Change {
        let own = (self.users / self.workers).max(1);
        let user = self.worker + self.workers * (number % own);
        Change {
            user,
            role: seed::role((user + self.measurement) % Bench::ROLES),
            grant: (number / own).is_multiple_of(2),
        }
    }
}

impl Change {
    fn command(&self) -> UserCommand {
        if self.grant {
            UserCommand::GrantRole(RoleGrant {
                role_id: self.role,
                is_shared: true,
            })
        } else {
            UserCommand::RevokeRole { role_id: self.role }
        }
    }
}

#[derive(Default)]
struct Figures {
    inserts: Series,
    http: [Series; CONNECTIONS.len()],
    http_cold: Series,
    executor: Series,
    stock: [Series; TASKS.len()],
}

/// Measures the group.
pub(crate) async fn measure(bench: &Bench, table: &mut Table) -> Result<()> {
    let users = WARM.min(bench.options.users);
    let floor = Floor::new(bench).await?;
    floor.warm_up().await?;
    let server = Server::muniment(bench, &bench.database_of_people(DATABASE).await?).await?;
    let http = Http {
        bench,
        token: server.log_in().await?.into(),
        server: &server,
    };
    let ledger = open_ledger(&bench.database_of_people("bench_executor").await?).await?;
    ledger.read_to_head().await?;
    let executor = Executor::new(ledger.clone());
    Stock::make(bench, users).await?;
    let (stock, pool) = best_pool(bench, users).await?;

    let mut figures = Figures::default();
    // The first run is not counted. It brings the streams into memory.
    http.measure(64, users, 0).await?;
    in_process(bench, &executor, users, 0).await?;
    for round in 1..=bench.options.rounds {
        progress(&format!("  round {round}"));
        let mut measurements = 10 * round as u64..;
        let mut next = || measurements.next().unwrap_or_default();
        figures.inserts.add(floor.measure().await?);
        for ((connections, _), series) in CONNECTIONS.into_iter().zip(&mut figures.http) {
            series.add(http.measure(connections, users, next()).await?);
        }
        figures
            .executor
            .add(in_process(bench, &executor, users, next()).await?);
        for (tasks, series) in TASKS.into_iter().zip(&mut figures.stock) {
            series.add(on_stock(bench, &stock, (tasks, users), next(), bench.options.window()).await?);
        }
        figures
            .http_cold
            .add(http.measure(64, bench.options.users, next()).await?);
    }
    ledger.close().await;
    server.stop().await?;
    figures.rows(bench, pool, table);
    Ok(())
}

impl Figures {
    fn rows(&self, bench: &Bench, pool: u32, table: &mut Table) {
        let named = |connections| match connections {
            1 => "GrantRole over HTTP, 1 connection".to_owned(),
            _ => format!("GrantRole over HTTP, {connections} connections"),
        };
        for ((connections, goal), series) in CONNECTIONS.into_iter().zip(&self.http) {
            let row = Row::rate(named(connections), "commands/s", series)
                .beside(FLOOR_NAME, &self.inserts)
                .note(series.latency());
            table.add(Row { goal, ..row });
        }
        let users = bench.options.users;
        table.add(
            Row::rate(format!("{}, cold", named(64)), "commands/s", &self.http_cold)
                .beside(FLOOR_NAME, &self.inserts)
                .note(self.http_cold.latency())
                .note(format!("{users} users in turn; 20,000 streams stay in memory")),
        );
        let beside = TASKS.map(|tasks| format!("cqrs-es + postgres-es, {tasks} tasks, pool of {pool}"));
        table.add(
            Row::rate("GrantRole in process, 64 tasks", "commands/s", &self.executor)
                .beside(&beside[0], &self.stock[0])
                .goal(BESIDE_STOCK),
        );
        for ((connections, _), series) in CONNECTIONS.into_iter().zip(&self.http) {
            let same = TASKS.iter().position(|tasks| *tasks == connections);
            if let Some(at) = same {
                table.add(
                    Row::rate(named(connections), "commands/s", series)
                        .beside(&beside[at], &self.stock[at])
                        .goal(BESIDE_STOCK),
                );
            }
        }
    }
}

/// The server's commands over HTTP.
struct Http<'a> {
    bench: &'a Bench,
    server: &'a Server,
    token: Arc<str>,
}

impl Http<'_> {
    async fn measure(&self, connections: u64, users: u64, measurement: u64) -> Result<Rate> {
        let cluster = &self.bench.cluster;
        let cpu = Cpu::of(&[
            ("server", self.server.processes()),
            ("postgres", Processes::Tree(cluster.process)),
            ("load", Processes::Own),
        ]);
        let (before, address) = (cluster.head(DATABASE).await?, self.server.address());
        let window = self.bench.options.window();
        let rate = rate(connections as usize, window, &cpu, |worker, run| {
            let token = Arc::clone(&self.token);
            let work = Work {
                worker: worker as u64,
                workers: connections,
                users,
                measurement,
            };
            async move {
                let mut connection = Connection::open(address).await?;
                let mut number = 0;
                while run.goes_on() {
                    let change = work.change(number);
                    let method = if change.grant { "POST" } else { "DELETE" };
                    let path = format!("/api/users/{}/roles", seed::user(change.user));
                    let body = format!(r#"{{"roleId":"{}"}}"#, change.role);
                    let began = Instant::now();
                    connection.expect(204, (method, &path), &token, &body).await?;
                    run.count_since(began);
                    number += 1;
                }
                Ok(())
            }
        })
        .await?;
        let recorded = cluster.head(DATABASE).await? - before;
        if recorded == rate.all {
            Ok(rate)
        } else {
            Err(format!("{} commands were acknowledged, but {recorded} recorded", rate.all).into())
        }
    }
}

async fn in_process(bench: &Bench, executor: &Executor, users: u64, measurement: u64) -> Result<Rate> {
    let executor = executor.clone();
    let window = bench.options.window();
    tasks(bench, (64, users), measurement, window, move |change| {
        let executor = executor.clone();
        async move {
            let command = Command::User(seed::user(change.user), change.command());
            executor
                .execute(vec![command], &Metadata::system("bench"))
                .await?;
            Ok(())
        }
    })
    .await
}

async fn on_stock(
    bench: &Bench,
    stock: &Stock,
    (count, users): (u64, u64),
    measurement: u64,
    window: Window,
) -> Result<Rate> {
    let stock = stock.clone();
    tasks(bench, (count, users), measurement, window, move |change| {
        let stock = stock.clone();
        async move { stock.execute(change.user, change.command()).await }
    })
    .await
}

/// Runs `count` tasks in this process, on `users` users.
async fn tasks<E, F>(
    bench: &Bench,
    (count, users): (u64, u64),
    measurement: u64,
    window: Window,
    execute: E,
) -> Result<Rate>
where
    E: Fn(Change) -> F + Clone + Send + 'static,
    F: Future<Output = Result<()>> + Send,
{
    let cpu = Cpu::of(&[
        ("process", Processes::Own),
        ("postgres", Processes::Tree(bench.cluster.process)),
    ]);
    rate(count as usize, window, &cpu, |worker, run| {
        let (execute, worker) = (execute.clone(), worker as u64);
        let work = Work {
            worker,
            workers: count,
            users,
            measurement,
        };
        async move {
            let mut number = 0;
            while run.goes_on() {
                execute(work.change(number)).await?;
                run.count();
                number += 1;
            }
            Ok(())
        }
    })
    .await
}

/// Stock cqrs-es with its best pool on this machine.
async fn best_pool(bench: &Bench, users: u64) -> Result<(Stock, u32)> {
    let mut best = None;
    let window = Window {
        length: std::time::Duration::from_secs(1),
        ..bench.options.window()
    };
    for (measurement, connections) in (1..).zip(POOLS) {
        let stock = Stock::open(bench, connections).await?;
        let rate = on_stock(bench, &stock, (64, users), measurement, window).await?;
        let per_second = rate.per_second;
        progress(&format!(
            "  cqrs-es with a pool of {connections}: {per_second:.0} commands/s"
        ));
        if best.as_ref().is_none_or(|(_, _, most)| *most < per_second) {
            best = Some((stock, connections, per_second));
        }
    }
    let (stock, connections, _) = best.ok_or("no pool")?;
    Ok((stock, connections))
}
