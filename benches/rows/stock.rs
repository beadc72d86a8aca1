//! Stock cqrs-es on stock postgres-es, as their documentation sets them up.

use std::sync::Arc;

use aggregates::user::{User, UserCommand};
use cqrs_es::{Aggregate, DomainEvent, event_sink::EventSink, persist::PersistedEventRepository};
use postgres_es::{PostgresCqrs, PostgresEventRepository, postgres_cqrs};
use serde::{Deserialize, Serialize};
use sqlx::{PgPool, postgres::PgPoolOptions};

use crate::{
    context::{Bench, Result},
    seed,
};

/// The table from postgres-es' own `db/init.sql`.
const TABLE: &str = "CREATE TABLE events (aggregate_type text NOT NULL, aggregate_id text NOT NULL, \
     sequence bigint CHECK (sequence >= 0) NOT NULL, event_type text NOT NULL, event_version text NOT NULL, \
     payload json NOT NULL, metadata json NOT NULL, PRIMARY KEY (aggregate_type, aggregate_id, sequence))";
/// The database of commands.
const DATABASE: &str = "bench_stock";

/// Users in a database of stock cqrs-es.
#[derive(Clone)]
pub(crate) struct Stock(Arc<PostgresCqrs<User>>);

impl Stock {
    /// Makes the table and this many users.
    pub(crate) async fn make(bench: &Bench, users: u64) -> Result<()> {
        let cluster = &bench.cluster;
        cluster.create(DATABASE).await?;
        cluster.psql(DATABASE, TABLE).await?;
        let created = seed::user_created(0, Some(bench.password_hash().await?));
        let ids: Vec<String> = (0..users).map(|number| seed::user(number).to_string()).collect();
        let pool = pool(&cluster.url(DATABASE), 1).await?;
        sqlx::query(
            "INSERT INTO events SELECT 'user', id, 1, 'user.created', '1', $2, '{}' FROM unnest($1::text[]) AS id",
        )
        .bind(ids)
        .bind(serde_json::to_value(&created)?)
        .execute(&pool)
        .await?;
        pool.close().await;
        cluster.settle(DATABASE).await
    }

    /// The framework on that table.
    pub(crate) async fn open(bench: &Bench, connections: u32) -> Result<Self> {
        let pool = pool(&bench.cluster.url(DATABASE), connections).await?;
        Ok(Self(Arc::new(postgres_cqrs(pool, Vec::new(), ()))))
    }

    /// Runs a command.
    pub(crate) async fn execute(&self, user: u64, command: UserCommand) -> Result<()> {
        Ok(self.0.execute(&seed::user(user).to_string(), command).await?)
    }
}

/// Reads all events of a ledger through `stream_all_events`, from a copy in postgres-es' table. Returns the number of
/// events.
pub(crate) struct StockFeed(PostgresEventRepository);

impl StockFeed {
    /// Copies the ledger's events of one aggregate type, since `stream_all_events` reads only one type.
    pub(crate) async fn copy_of(bench: &Bench, database: &str) -> Result<Self> {
        let cluster = &bench.cluster;
        cluster
            .psql(database, &TABLE.replace("TABLE events", "TABLE stock_events"))
            .await?;
        let copy = "INSERT INTO stock_events SELECT 'any', aggregate_type || aggregate_id, sequence, event_type, \
             event_version, payload::json, metadata::json FROM events ORDER BY position";
        cluster.psql(database, copy).await?;
        let repository = PostgresEventRepository::new(pool(&cluster.url(database), 2).await?);
        Ok(Self(repository.with_tables("stock_events", "snapshots")))
    }

    /// Reads them all.
    pub(crate) async fn read(&self) -> Result<u64> {
        let mut stream = self.0.stream_all_events::<Any>().await?;
        let mut count = 0;
        while let Some(event) = stream.next::<Any>(&[]).await {
            event?;
            count += 1;
        }
        Ok(count)
    }
}

async fn pool(url: &str, connections: u32) -> Result<PgPool> {
    let options = PgPoolOptions::new()
        .max_connections(connections)
        .min_connections(connections);
    Ok(options.connect(url).await?)
}

/// An aggregate whose events are any JSON, so that reading an event costs as little as possible.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Any;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
struct AnyEvent(serde_json::Value);

impl DomainEvent for AnyEvent {
    fn event_type(&self) -> String {
        String::new()
    }

    fn event_version(&self) -> String {
        String::new()
    }
}

impl Aggregate for Any {
    const TYPE: &'static str = "any";
    type Command = ();
    type Event = AnyEvent;
    type Error = std::convert::Infallible;
    type Services = ();

    async fn handle(&mut self, (): (), (): &(), _: &EventSink<Self>) -> std::result::Result<(), Self::Error> {
        Ok(())
    }

    fn apply(&mut self, _: AnyEvent) {}
}
