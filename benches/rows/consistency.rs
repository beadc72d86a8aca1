//! Two nodes on one Postgres. After one node has answered that a right is revoked, how long does the other node still
//! grant it if no request carries the position?

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::task::JoinSet;

use crate::{
    context::{Bench, Result},
    http::Connection,
    measure::{Series, quantile},
    progress, seed,
    server::Server,
    table::{Row, Table},
};

/// How many revocations each measurement has.
const TRIALS: u64 = 1_000;
/// The same in a quick run.
const QUICK_TRIALS: u64 = 50;
/// After how many milliseconds a node without a notification reads the ledger by itself. This is the bound, plus the
/// read.
const LOOK_EVERY: f64 = 250.0;
/// How long a revoked right may be granted before the measurement fails.
const PATIENCE: Duration = Duration::from_secs(10);
/// Under load: how many clients change other users on the writing node.
const WRITERS: u64 = 16;
/// Under load: how many clients ask the other node.
const READERS: u64 = 16;
/// The path of the revoked right.
const PATH: &str = "/consistency";

/// The two nodes.
struct Pair {
    /// The writing node.
    one: SocketAddr,
    /// The node that answers questions.
    other: SocketAddr,
    token: Arc<str>,
    role: String,
}

/// Measures the group.
pub(crate) async fn measure(bench: &Bench, table: &mut Table) -> Result<()> {
    let url = bench.database_of_people("bench_consistency").await?;
    let one = Server::muniment(bench, &url).await?;
    let other = Server::muniment(bench, &url).await?;
    let token = one.log_in().await?;
    let pair = Pair {
        one: one.address(),
        other: other.address(),
        role: make_role(one.address(), &token).await?,
        token: token.into(),
    };
    let trials = if bench.options.rounds > 1 {
        TRIALS
    } else {
        QUICK_TRIALS
    };
    progress("  quiet");
    rows(table, "quiet", trials, &pair.delays(trials).await?);
    progress("  loaded");
    let load = pair.load(bench.options.users);
    let delays = pair.delays(trials).await;
    load.end().await?;
    rows(table, "loaded", trials, &delays?);
    one.stop().await?;
    other.stop().await?;
    Ok(())
}

fn rows(table: &mut Table, state: &str, trials: u64, delays: &[f64]) {
    for (name, part) in [("median", 0.5), ("p99", 0.99), ("max", 1.0)] {
        let (mut ours, mut bound) = (Series::default(), Series::default());
        ours.push(quantile(delays, part));
        bound.push(LOOK_EVERY);
        let mut row = Row::rate(
            format!("revoked by one node until refused by the other, {state}, {name}"),
            "ms",
            &ours,
        )
        .less_is_better()
        .beside("the bound: a look every 250 ms", &bound)
        .note(format!(
            "{trials} revocations; from the answer of one to the first refusal of the other"
        ));
        if state == "loaded" {
            row = row.note(format!(
                "{WRITERS} clients write on the one, {READERS} ask the other"
            ));
        }
        table.add(row);
    }
}

async fn make_role(address: SocketAddr, token: &str) -> Result<String> {
    let body = format!(
        r#"{{"name":"consistency","isShared":true,"permissions":[{{"resource":"{PATH}","operation":"read","context":"http"}}]}}"#
    );
    let mut connection = Connection::open(address).await?;
    let answer = connection
        .expect(201, ("POST", "/api/roles"), token, &body)
        .await?;
    let answer: serde_json::Value = serde_json::from_slice(answer.body)?;
    Ok(answer["id"].as_str().ok_or("a role without an id")?.to_owned())
}

/// Grants or revokes a role.
async fn change(connection: &mut Connection, token: &str, user: u64, role: &str, give: bool) -> Result<()> {
    let path = format!("/api/users/{}/roles", seed::user(user));
    let body = format!(r#"{{"roleId":"{role}"}}"#);
    let method = if give { "POST" } else { "DELETE" };
    connection.expect(204, (method, &path), token, &body).await?;
    Ok(())
}

impl Pair {
    /// The milliseconds of so many revocations, each of another user.
    async fn delays(&self, trials: u64) -> Result<Vec<f64>> {
        let mut one = Connection::open(self.one).await?;
        let mut other = Connection::open(self.other).await?;
        let mut delays = Vec::new();
        for user in 0..trials {
            change(&mut one, &self.token, user, &self.role, true).await?;
            self.until(&mut other, user, true).await?;
            change(&mut one, &self.token, user, &self.role, false).await?;
            let revoked = Instant::now();
            self.until(&mut other, user, false).await?;
            delays.push(revoked.elapsed().as_secs_f64() * 1_000.0);
        }
        Ok(delays)
    }

    /// Asks until the decision is this one.
    async fn until(&self, connection: &mut Connection, user: u64, allowed: bool) -> Result<()> {
        let body = format!(
            r#"{{"subject":{{"type":"user","id":"{}"}},"action":{{"name":"read"}},"resource":{{"type":"http","id":"{PATH}"}}}}"#,
            seed::user(user)
        );
        let wanted: &[u8] = if allowed {
            b"{\"decision\":true"
        } else {
            b"{\"decision\":false"
        };
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            let asked = ("POST", "/access/v1/evaluation");
            let answer = connection.expect(200, asked, &self.token, &body).await?;
            if answer.body.starts_with(wanted) {
                return Ok(());
            }
        }
        Err("the other node does not follow".into())
    }

    /// Clients that keep both nodes busy with other users.
    fn load(&self, users: u64) -> Load {
        let over = Arc::new(AtomicBool::new(false));
        let mut tasks = JoinSet::new();
        for writer in 0..WRITERS {
            let (address, token, role, over) = (
                self.one,
                Arc::clone(&self.token),
                self.role.clone(),
                Arc::clone(&over),
            );
            tasks.spawn(async move {
                let mut connection = Connection::open(address).await?;
                let user = users - 1 - writer;
                let mut give = true;
                while !over.load(Ordering::Relaxed) {
                    change(&mut connection, &token, user, &role, give).await?;
                    give = !give;
                }
                Ok(())
            });
        }
        for _ in 0..READERS {
            let (address, token, over) = (self.other, Arc::clone(&self.token), Arc::clone(&over));
            tasks.spawn(async move {
                let mut connection = Connection::open(address).await?;
                while !over.load(Ordering::Relaxed) {
                    connection
                        .expect(200, ("GET", "/api/session"), &token, "")
                        .await?;
                }
                Ok(())
            });
        }
        Load { over, tasks }
    }
}

/// The load on the nodes.
struct Load {
    over: Arc<AtomicBool>,
    tasks: JoinSet<Result<()>>,
}

impl Load {
    async fn end(mut self) -> Result<()> {
        self.over.store(true, Ordering::Relaxed);
        while let Some(ended) = self.tasks.join_next().await {
            ended??;
        }
        Ok(())
    }
}
