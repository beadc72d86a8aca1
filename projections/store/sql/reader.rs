//! A separate connection for a task that reads all the time.

use sqlx::{ConnectOptions as _, Connection as _, Executor as _, PgConnection, SqliteConnection};

use super::{Db, Error, Row, Statement, Tx, connect::BY_KEY, is_about_data};

/// Something that answers reading statements.
pub trait Read: Send {
    /// All rows of one statement.
    fn all(&mut self, statement: Statement<'_>) -> impl Future<Output = Result<Vec<Row>, Error>> + Send;
}

impl Read for &Db {
    async fn all(&mut self, statement: Statement<'_>) -> Result<Vec<Row>, Error> {
        Db::all(self, statement).await
    }
}

impl Read for Tx<'_> {
    async fn all(&mut self, statement: Statement<'_>) -> Result<Vec<Row>, Error> {
        Tx::all(self, statement).await
    }
}

/// One connection, kept for one reader. Its statements do not wait while others use all connections of a pool. If
/// connecting fails, the reader gets the cause, which a pool would hide.
#[derive(Debug)]
pub struct Reader {
    db: Db,
    kept: Option<Own>,
}

#[derive(Debug)]
enum Own {
    Postgres(PgConnection),
    Sqlite(SqliteConnection),
}

impl Db {
    /// A separate connection for a task that reads all the time. It opens with the first statement.
    pub fn reader(&self) -> Reader {
        Reader {
            db: self.clone(),
            kept: None,
        }
    }
}

impl Read for Reader {
    async fn all(&mut self, statement: Statement<'_>) -> Result<Vec<Row>, Error> {
        // The reader keeps the connection again only after an answer: a connection that was abandoned during a
        // statement is closed.
        if let Some(mut own) = self.kept.take() {
            match own.all(&statement).await {
                // The connection may be broken. Try once more on a new one.
                Err(error) if !is_about_data(&error) => {}
                answered => {
                    self.kept = Some(own);
                    return answered;
                }
            }
        }
        let mut own = self.connect().await?;
        let rows = own.all(&statement).await?;
        self.kept = Some(own);
        Ok(rows)
    }
}

impl Reader {
    async fn connect(&self) -> Result<Own, Error> {
        Ok(match &self.db {
            Db::Postgres(pool) => {
                let mut connection = pool.connect_options().connect().await?;
                // The same settings as for the connections of the pool.
                let _ = connection.execute(BY_KEY).await;
                Own::Postgres(connection)
            }
            Db::Sqlite { readers, .. } => Own::Sqlite(readers.connect_options().connect().await?),
        })
    }

    /// Closes the connection. The next statement opens a new one.
    pub async fn close(&mut self) {
        let _ = match self.kept.take() {
            Some(Own::Postgres(connection)) => connection.close().await,
            Some(Own::Sqlite(connection)) => connection.close().await,
            None => Ok(()),
        };
    }
}

impl Own {
    async fn all(&mut self, statement: &Statement<'_>) -> Result<Vec<Row>, Error> {
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
}
