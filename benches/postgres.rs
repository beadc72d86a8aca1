//! The Postgres cluster that `scripts/bench` has started, and Postgres' own programs on it.
//!
//! `psql` and `pgbench` find the cluster by `PGHOST`, `PGPORT` and `PGUSER`, like every program with libpq.

use std::{path::PathBuf, process::Stdio};

use tokio::process::Command;

use crate::{
    context::{Bench, Result, variable},
    cpu::{Cpu, Processes},
    measure::Rate,
    outside::output,
};

/// A running cluster.
#[derive(Clone, Debug)]
pub(crate) struct Cluster {
    socket: String,
    port: u16,
    user: String,
    programs: PathBuf,
    /// The process id of the postmaster.
    pub(crate) process: u32,
}

impl Cluster {
    /// The cluster that the environment describes.
    pub(crate) fn from_environment() -> Result<Self> {
        Ok(Self {
            socket: variable("PGHOST")?,
            port: variable("PGPORT")?.parse()?,
            user: variable("PGUSER")?,
            programs: variable("BENCH_POSTGRES_BIN")?.into(),
            process: variable("BENCH_POSTGRES_PID")?.parse()?,
        })
    }

    /// The URL of a database, over the unix socket.
    pub(crate) fn url(&self, database: &str) -> String {
        format!(
            "postgres://{}@localhost:{}/{database}?host={}",
            self.user, self.port, self.socket
        )
    }

    /// One of Postgres' programs.
    pub(crate) fn program(&self, name: &str) -> Command {
        let mut command = Command::new(self.programs.join(name));
        command.stdin(Stdio::null()).kill_on_drop(true);
        command
    }

    /// Runs SQL and returns the bare result.
    pub(crate) async fn psql(&self, database: &str, sql: &str) -> Result<String> {
        let mut psql = self.program("psql");
        psql.args([
            "-X",
            "-q",
            "-A",
            "-t",
            "-v",
            "ON_ERROR_STOP=1",
            "-d",
            database,
            "-c",
            sql,
        ]);
        Ok(output(psql).await?.trim().to_owned())
    }

    /// Makes an empty database, and replaces a former one of that name.
    pub(crate) async fn create(&self, database: &str) -> Result<()> {
        self.drop(database).await?;
        self.psql("postgres", &format!("CREATE DATABASE {database}"))
            .await?;
        Ok(())
    }

    /// Copies a database to which nothing is connected. Then it writes all data to the disk, so that no measurement
    /// pays for it.
    pub(crate) async fn copy(&self, from: &str, to: &str) -> Result<()> {
        self.drop(to).await?;
        self.psql("postgres", &format!("CREATE DATABASE {to} TEMPLATE {from}"))
            .await?;
        self.settle(to).await
    }

    /// Brings statistics up to date, and writes all data to the disk.
    pub(crate) async fn settle(&self, database: &str) -> Result<()> {
        self.psql(database, "VACUUM ANALYZE").await?;
        self.psql(database, "CHECKPOINT").await?;
        Ok(())
    }

    /// Removes a database if it exists.
    pub(crate) async fn drop(&self, database: &str) -> Result<()> {
        let sql = format!("DROP DATABASE IF EXISTS {database} WITH (FORCE)");
        self.psql("postgres", &sql).await?;
        Ok(())
    }

    /// The last position of the ledger in a database.
    pub(crate) async fn head(&self, database: &str) -> Result<u64> {
        Ok(self
            .psql(database, "SELECT position FROM ledger_head")
            .await?
            .parse()?)
    }
}

/// INSERT transactions by pgbench: the least cost of recording anything on this cluster.
#[derive(Clone)]
pub(crate) struct Floor<'a> {
    bench: &'a Bench,
    script: PathBuf,
    clients: usize,
}

/// Its database.
const FLOOR: &str = "bench_floor";
/// The payload of a `user.role_granted` event.
const GRANTED: &str = r#"{"role_id": "6d756e69-6d65-4e74-8000-000000000002", "exclusive": false}"#;
/// A payload as long as that of a `user.created` event.
const CREATED: &str = r#"{"username": {"$sealed": {"by": "6d756e69-6d65-4e74-8000-000000000002", "box": "8kXo0mQG3r4bU3p7v1yq0n2dE5hJk9sT6wZaCfLxPiRtYuVb8kXo0mQG3r4bU3p7v1yq0n2dE5hJk9s"}}, "identity_provider": "ldap", "auto_generated": false, "mqtt_publish_prefix": null, "grant_types": [{"method": "password", "is_required": false}, {"method": "token", "is_required": false}], "enforce_mfa_enrollment": false, "password_hash": null}"#;
/// The name in the table.
pub(crate) const FLOOR_NAME: &str = "pgbench, one-row INSERT, 64 clients";

impl<'a> Floor<'a> {
    /// Makes a table for transactions of one row, by 64 clients.
    pub(crate) async fn new(bench: &'a Bench) -> Result<Self> {
        Self::of(bench, &format!("VALUES ('{GRANTED}')")).await
    }

    /// Makes a table for transactions of this number of rows.
    pub(crate) async fn of_batches(bench: &'a Bench, rows: u64) -> Result<Self> {
        let select = format!("SELECT '{CREATED}'::jsonb FROM generate_series(1, {rows})");
        Self::of(bench, &select).await
    }

    async fn of(bench: &'a Bench, values: &str) -> Result<Self> {
        let table = "CREATE TABLE plain (id bigserial PRIMARY KEY, payload jsonb NOT NULL)";
        bench.cluster.create(FLOOR).await?;
        bench.cluster.psql(FLOOR, table).await?;
        let script = bench.folder.join("floor.sql");
        std::fs::write(&script, format!("INSERT INTO plain (payload) {values};\n"))?;
        Ok(Self {
            bench,
            script,
            clients: 64,
        })
    }

    /// The same measurement with this number of clients.
    pub(crate) fn by(&self, clients: usize) -> Self {
        Self {
            clients,
            ..self.clone()
        }
    }

    /// Inserts for the time of a measurement.
    pub(crate) async fn measure(&self) -> Result<Rate> {
        self.run(self.bench.options.seconds).await
    }

    /// Inserts for a second, so that connections, caches and files exist.
    pub(crate) async fn warm_up(&self) -> Result<()> {
        self.run(1).await.map(drop)
    }

    async fn run(&self, seconds: u64) -> Result<Rate> {
        let cluster = &self.bench.cluster;
        let mut pgbench = cluster.program("pgbench");
        pgbench
            .args(["-n", "-M", "prepared", "-c", &self.clients.to_string()])
            .args(["-j", &self.clients.min(2).to_string(), "-T"])
            .arg(seconds.to_string())
            .arg("-f")
            .arg(&self.script)
            .arg(FLOOR);
        let cpu = Cpu::of(&[
            ("load", Processes::Own),
            ("postgres", Processes::Tree(cluster.process)),
        ]);
        let before = cpu.read()?;
        let text = output(pgbench).await?;
        let after = cpu.read()?;
        let tps = text.lines().find_map(|line| line.strip_prefix("tps = "));
        let tps = tps.and_then(|rest| rest.split_whitespace().next());
        Ok(Rate {
            per_second: tps.ok_or("pgbench did not say tps")?.parse()?,
            all: 0,
            shares: cpu.shares(&before, &after),
            latency: (f64::NAN, f64::NAN),
        })
    }
}
