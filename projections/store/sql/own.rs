//! A connection that is in no pool, for a task that reads or writes all the time.

use sqlx::{ConnectOptions as _, Connection as _, Executor as _, PgConnection, SqliteConnection};

use super::{
    Db, Error, Row, Statement,
    connect::{BY_KEY, WARN},
};

/// A connection that is in no pool.
#[derive(Debug)]
pub(super) enum Own {
    Postgres(PgConnection),
    Sqlite(SqliteConnection),
}

impl Db {
    /// Opens a connection with the settings of the pools' connections.
    pub(super) async fn connect(&self) -> Result<Own, Error> {
        Ok(match self {
            Self::Postgres(servers) => {
                let mut connection = servers.pool().connect_options().connect().await?;
                let _ = connection.execute(BY_KEY).await;
                Own::Postgres(connection)
            }
            Self::Sqlite { readers, .. } => Own::Sqlite(readers.connect_options().connect().await?),
        })
    }
}

/// Settings of a connection that writes on Postgres, whatever the defaults of the database are, except for
/// `default_transaction_read_only`. They also hold for a statement outside of a transaction.
const WRITES_ALONE: &[&str] = &[
    "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL READ COMMITTED",
    "SET lock_timeout = '5s'",
];
/// The same plan suits all batches, because every row is found by an index.
const GENERIC_PLAN: &str = "SET plan_cache_mode = force_generic_plan";
/// How many statements such a connection keeps prepared. Each set of tables that a batch writes has a statement of its own,
/// with a large plan.
const STATEMENTS: usize = 128;

impl Db {
    /// Opens a connection that writes. On SQLite, it is like every other connection.
    pub(super) async fn connect_to_write(&self) -> Result<Own, Error> {
        let Self::Postgres(servers) = self else {
            return self.connect().await;
        };
        let options = servers.pool().connect_options().as_ref().clone();
        let mut connection = options.statement_cache_capacity(STATEMENTS).connect().await?;
        for set in WRITES_ALONE {
            connection.execute(*set).await?;
        }
        for set in [WARN, BY_KEY, GENERIC_PLAN] {
            // A service that only speaks the protocol of Postgres may not know the setting.
            let _ = connection.execute(set).await;
        }
        Ok(Own::Postgres(connection))
    }
}

impl Own {
    /// All rows of one statement.
    pub(super) async fn all(&mut self, statement: &Statement<'_>) -> Result<Vec<Row>, Error> {
        Ok(match self {
            Self::Postgres(connection) => {
                let rows = statement.postgres().fetch_all(connection).await?;
                rows.into_iter().map(Row::Postgres).collect()
            }
            Self::Sqlite(connection) => {
                let statement = statement.clone().unnumbered();
                let rows = statement.sqlite().fetch_all(connection).await?;
                rows.into_iter().map(Row::Sqlite).collect()
            }
        })
    }

    /// Tells the database that the connection ends, and waits for it.
    pub(super) async fn close(self) {
        let _ = match self {
            Self::Postgres(connection) => connection.close().await,
            Self::Sqlite(connection) => connection.close().await,
        };
    }
}
