//! A connection outside of the pools, for a task that reads or writes all the time.

use sqlx::{ConnectOptions as _, Connection as _, Executor as _, PgConnection, SqliteConnection};

use super::{Db, Error, Row, Statement, connect::BY_KEY};

/// A connection that is in no pool.
#[derive(Debug)]
pub(super) enum Own {
    Postgres(PgConnection),
    Sqlite(SqliteConnection),
}

impl Db {
    /// Opens a connection with the same settings as those of the pools.
    pub(super) async fn connect(&self) -> Result<Own, Error> {
        Ok(match self {
            Self::Postgres(pool) => {
                let mut connection = pool.connect_options().connect().await?;
                let _ = connection.execute(BY_KEY).await;
                Own::Postgres(connection)
            }
            Self::Sqlite { readers, .. } => Own::Sqlite(readers.connect_options().connect().await?),
        })
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
