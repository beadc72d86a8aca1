//! Opens a database, and runs statements outside of transactions.

use std::{str::FromStr, time::Duration};

use sqlx::{
    Executor as _,
    postgres::{PgConnectOptions, PgPoolOptions},
    sqlite::{
        SqliteAutoVacuum, SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions,
        SqliteSynchronous,
    },
};

use super::{Boxed, Error, Row, Servers, Statement, notices::unwarned, thread::Limits};

/// Every statement here finds rows by an index. But Postgres may read whole tables while its statistics are old, for
/// example after an import: it takes a list of keys for a large part of the table, and a page of ten users then takes
/// half a second instead of two milliseconds.
pub(super) const BY_KEY: &str = "SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off; \
                      SET enable_material = off; SET random_page_cost = 1.1; SET jit = off; \
                      SET max_parallel_workers_per_gather = 0";

/// A commit whose wait for its standby was cancelled shows only in a warning ([`super::notices`]), so the database must send warnings,
/// whatever its defaults are.
pub(super) const WARN: &str = "SET client_min_messages = warning";

/// Settings of each connection to an SQLite file: those of sqlx, and those of the writing thread. No connection makes
/// checkpoints by itself: see [`super::thread`].
pub(super) const PRAGMAS: [(&str, &str); 4] = [
    ("wal_autocheckpoint", "0"),
    ("mmap_size", "268435456"),
    ("temp_store", "MEMORY"),
    ("cache_size", "-65536"),
];

/// KiB of pages that all connections which read keep together. Most pages that they read are in memory anyway (`mmap_size`).
const READERS_CACHE_KIB: u32 = 65_536;
/// KiB of pages that each of them keeps at least.
const LEAST_CACHE_KIB: u32 = 2_048;

/// KiB of pages that one of so many connections which read keeps.
fn reader_cache(connections: u32) -> u32 {
    (READERS_CACHE_KIB / connections.max(1)).max(LEAST_CACHE_KIB)
}

/// A database of one of the two engines, with its pools of connections.
#[derive(Clone, Debug)]
pub enum Db {
    /// Postgres 15 or newer.
    Postgres(Servers),
    /// SQLite. With a write-ahead log, writers take turns, and readers do not wait for them.
    Sqlite {
        /// One connection for all writers except the appender, which opens connections of its own: see
        /// [`super::Writer`].
        writer: SqlitePool,
        /// The connections that read.
        readers: SqlitePool,
    },
}

/// Options for opening a database.
#[derive(Clone, Debug)]
pub struct Options {
    /// How many connections the pool has at most; on SQLite, the pool of readers.
    pub connections: u32,
    /// How long a caller waits for a free connection, or for SQLite's write lock, before it gets an error.
    pub patience: Duration,
    /// Postgres: the schemas in which unqualified names are looked up. `None` leaves the server's default.
    pub search_path: Option<String>,
    /// Whether the content may be lost when the machine stops. If so, a commit does not wait for the disk, and SQLite has no
    /// write-ahead log.
    pub throwaway: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            connections: 10,
            patience: Duration::from_secs(5),
            search_path: None,
            throwaway: false,
        }
    }
}

impl Db {
    /// Opens `postgres://…`, which may name several servers, or `sqlite:PATH`. Creates the SQLite file if it does not exist.
    pub fn open<'a>(url: &'a str, options: &'a Options) -> Boxed<'a, Result<Self, Error>> {
        Box::pin(async move {
            if url.starts_with("sqlite:") {
                return Self::open_sqlite(url, options).await;
            }
            let adjust = |connect: PgConnectOptions| {
                let mut connect = connect
                    .application_name("muniment")
                    .statement_cache_capacity(1_024);
                if options.throwaway {
                    connect = connect.options([("synchronous_commit", "off")]);
                }
                if let Some(search_path) = &options.search_path {
                    connect = connect.options([("search_path", search_path.as_str())]);
                }
                connect
            };
            let pool = PgPoolOptions::new()
                .max_connections(options.connections)
                .acquire_timeout(options.patience)
                .after_connect(|connection, _| {
                    Box::pin(async move {
                        // A service that only speaks the protocol of Postgres may not know these settings; it then
                        // plans in its own way.
                        for set in [WARN, BY_KEY] {
                            let _ = connection.execute(set).await;
                        }
                        Ok(())
                    })
                });
            Ok(Self::Postgres(Servers::open(url, adjust, pool).await?))
        })
    }

    async fn open_sqlite(url: &str, options: &Options) -> Result<Self, Error> {
        let (journal, synchronous) = if options.throwaway {
            (SqliteJournalMode::Memory, SqliteSynchronous::Off)
        } else {
            (SqliteJournalMode::Wal, SqliteSynchronous::Full)
        };
        let connect = PRAGMAS
            .into_iter()
            .fold(SqliteConnectOptions::from_str(url)?, |connect, (name, value)| {
                connect.pragma(name, value)
            })
            .create_if_missing(true)
            .journal_mode(journal)
            .synchronous(synchronous)
            .auto_vacuum(SqliteAutoVacuum::None)
            .foreign_keys(false)
            .busy_timeout(options.patience)
            .pragma("journal_size_limit", Limits::SERVER.kept_bytes().to_string())
            // A separate thread reads. With a small buffer, the two threads would wake each other up all the time.
            .row_buffer_size(1_024)
            .statement_cache_capacity(1_024);
        // SQLite allows one write at a time. The appender opens connections of its own; all other writers share this one.
        let writer = SqlitePoolOptions::new()
            .max_connections(1)
            .acquire_timeout(options.patience)
            .connect_with(connect.clone())
            .await?;
        let readers = SqlitePoolOptions::new()
            .max_connections(options.connections)
            .acquire_timeout(options.patience)
            .connect_with(connect.pragma("cache_size", format!("-{}", reader_cache(options.connections))))
            .await?;
        Ok(Self::Sqlite { writer, readers })
    }

    /// All rows of one statement, outside of any transaction.
    pub fn all<'a>(&'a self, statement: Statement<'a>) -> Boxed<'a, Result<Vec<Row>, Error>> {
        Box::pin(async move {
            Ok(match self {
                Self::Postgres(servers) => {
                    let (server, pool) = servers.current();
                    let rows = statement.postgres().fetch_all(&pool);
                    let rows = servers.unless_moved(server, rows).await?;
                    rows.into_iter().map(Row::Postgres).collect()
                }
                Self::Sqlite { readers, .. } => statement
                    .unnumbered()
                    .sqlite()
                    .fetch_all(readers)
                    .await?
                    .into_iter()
                    .map(Row::Sqlite)
                    .collect(),
            })
        })
    }

    /// The first row of one statement, if there is one.
    pub fn optional<'a>(&'a self, statement: Statement<'a>) -> Boxed<'a, Result<Option<Row>, Error>> {
        Box::pin(async move {
            Ok(match self {
                Self::Postgres(servers) => {
                    let (server, pool) = servers.current();
                    let row = statement.postgres().fetch_optional(&pool);
                    servers.unless_moved(server, row).await?.map(Row::Postgres)
                }
                Self::Sqlite { readers, .. } => statement
                    .unnumbered()
                    .sqlite()
                    .fetch_optional(readers)
                    .await?
                    .map(Row::Sqlite),
            })
        })
    }

    /// Runs one writing statement in its own transaction.
    pub fn execute<'a>(&'a self, statement: Statement<'a>) -> Boxed<'a, Result<u64, Error>> {
        Box::pin(async move {
            Ok(match self {
                Self::Postgres(servers) => {
                    let (server, pool) = servers.current();
                    let executed = async {
                        // While it connects, Postgres may warn of something else, such as the version of a collation.
                        let mut connection = pool.acquire().await?;
                        let executed = statement.postgres().execute(&mut *connection);
                        unwarned(executed).await
                    };
                    servers.unless_moved(server, executed).await?.rows_affected()
                }
                Self::Sqlite { writer, .. } => statement
                    .unnumbered()
                    .sqlite()
                    .execute(writer)
                    .await?
                    .rows_affected(),
            })
        })
    }

    /// Runs a script of several statements without arguments.
    pub fn script<'a>(&'a self, text: &'a str) -> Boxed<'a, Result<(), Error>> {
        Box::pin(async move {
            match self {
                Self::Postgres(servers) => {
                    let (server, pool) = servers.current();
                    let executed = sqlx::raw_sql(text).execute(&pool);
                    servers.unless_moved(server, executed).await?;
                }
                Self::Sqlite { writer, .. } => {
                    sqlx::raw_sql(text).execute(writer).await?;
                }
            }
            Ok(())
        })
    }

    /// The engine's name: `postgres` or `sqlite`.
    pub fn engine(&self) -> &'static str {
        match self {
            Self::Postgres(_) => "postgres",
            Self::Sqlite { .. } => "sqlite",
        }
    }

    /// Closes all connections. On SQLite this also writes the write-ahead log into the main file.
    pub fn close<'a>(&'a self) -> Boxed<'a, ()> {
        Box::pin(async move {
            match self {
                Self::Postgres(servers) => servers.close().await,
                Self::Sqlite { writer, readers } => {
                    readers.close().await;
                    writer.close().await;
                }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sql::sql;

    #[tokio::test]
    async fn the_connections_that_read_share_a_bounded_cache() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let url = format!("sqlite:{}", folder.path().join("ledger.db").display());
        for (connections, kib) in [(1, 65_536), (10, 6_553), (32, 2_048), (1_000, 2_048)] {
            let options = Options {
                connections,
                ..Options::default()
            };
            let db = Db::open(&url, &options).await.expect("SQLite opens");
            let size = db.optional(sql("PRAGMA cache_size")).await.expect("an answer");
            let size = size.expect("a row").int(0).expect("a number");
            assert_eq!(size, -kib, "{connections}");
            db.close().await;
        }
    }
}
