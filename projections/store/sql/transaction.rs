//! Transactions.

use futures_util::TryStreamExt as _;
use sqlx::{Database, PgConnection, Pool, Postgres, Sqlite, Transaction};

use super::{Boxed, Db, Error, Row, Server, Servers, Statement, notices::unwarned, sql};

/// How a transaction begins on Postgres, whatever the defaults of the database are: each statement sees what was
/// committed before it, and no statement waits for a lock for ever. It does not say `READ WRITE`: an operator who sets
/// `default_transaction_read_only` wants that nobody writes.
const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL lock_timeout = '5s'";
/// How a transaction that only reads begins on Postgres.
const BEGIN_SNAPSHOT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

impl Db {
    /// Begins a transaction that writes. On SQLite, it takes the write lock here.
    pub fn begin<'a>(&'a self) -> Boxed<'a, Result<Tx<'static>, Error>> {
        Box::pin(async move {
            Ok(match self {
                Self::Postgres(servers) => Tx::Postgres(PgTx::begin(servers, BEGIN).await?),
                Self::Sqlite { writer, .. } => Tx::Sqlite(begin_whole(writer, "BEGIN IMMEDIATE").await?),
            })
        })
    }

    /// Begins a transaction that reads one state of the database, even with several statements.
    pub fn snapshot<'a>(&'a self) -> Boxed<'a, Result<Tx<'static>, Error>> {
        Box::pin(async move {
            Ok(match self {
                Self::Postgres(servers) => Tx::Postgres(PgTx::begin(servers, BEGIN_SNAPSHOT).await?),
                Self::Sqlite { readers, .. } => Tx::Sqlite(begin_whole(readers, "BEGIN").await?),
            })
        })
    }
}

/// Begins a transaction in a separate task. When a client hangs up, the future that answers it is dropped. If that
/// happens during `BEGIN`, sqlx 0.8 returns the connection to the pool inside the transaction, and the next user of the
/// connection is inside it, too.
async fn begin_whole<DB: Database>(
    pool: &Pool<DB>,
    begin: &'static str,
) -> Result<Transaction<'static, DB>, Error> {
    let pool = pool.clone();
    tokio::spawn(async move { pool.begin_with(begin).await })
        .await
        .unwrap_or(Err(Error::WorkerCrashed))
}

/// A transaction on Postgres.
#[derive(Debug)]
pub struct PgTx<'c> {
    tx: Transaction<'c, Postgres>,
    place: Place,
}

/// The server on which a transaction is. `None` if the task to which the connection belongs notices by itself that another server became
/// the primary.
#[derive(Debug)]
pub(super) struct Place(Option<(Servers, Server)>);

impl Place {
    /// What `work` returns, or an error if another server becomes the primary meanwhile.
    pub(super) async fn unless_moved<T>(
        &self,
        work: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        match &self.0 {
            Some((servers, server)) => servers.unless_moved(*server, work).await,
            None => work.await,
        }
    }
}

impl PgTx<'static> {
    /// Begins a transaction on a connection of the pool.
    async fn begin(servers: &Servers, begin: &'static str) -> Result<Self, Error> {
        let (server, pool) = servers.current();
        let tx = servers.unless_moved(server, begin_whole(&pool, begin)).await?;
        Ok(Self {
            tx,
            place: Place(Some((servers.clone(), server))),
        })
    }
}

impl<'c> PgTx<'c> {
    /// A transaction on a connection that belongs to a task.
    pub(super) fn of(tx: Transaction<'c, Postgres>) -> Self {
        Self {
            tx,
            place: Place(None),
        }
    }

    /// The connection, and what notices that another server became the primary.
    pub(super) fn parts(&mut self) -> (&Place, &mut PgConnection) {
        (&self.place, &mut *self.tx)
    }
}

/// A transaction. If it is dropped without [`Tx::commit`], it is rolled back.
#[derive(Debug)]
pub enum Tx<'c> {
    /// A transaction on Postgres.
    Postgres(PgTx<'c>),
    /// A transaction on SQLite.
    Sqlite(sqlx::Transaction<'c, Sqlite>),
}

impl<'t> Tx<'t> {
    /// All rows.
    pub fn all<'a>(&'a mut self, statement: Statement<'a>) -> Boxed<'a, Result<Vec<Row>, Error>> {
        Box::pin(async move {
            Ok(match self {
                Self::Postgres(tx) => {
                    let (place, connection) = tx.parts();
                    let rows = statement.postgres().fetch_all(connection);
                    let rows = place.unless_moved(rows).await?;
                    rows.into_iter().map(Row::Postgres).collect()
                }
                Self::Sqlite(tx) => statement
                    .unnumbered()
                    .sqlite()
                    .fetch_all(&mut **tx)
                    .await?
                    .into_iter()
                    .map(Row::Sqlite)
                    .collect(),
            })
        })
    }

    /// Passes each row to `take` as it arrives, so that the rows are never all in memory.
    pub async fn each(
        &mut self,
        statement: Statement<'_>,
        mut take: impl FnMut(&Row) -> Result<(), Error>,
    ) -> Result<(), Error> {
        match self {
            Self::Postgres(tx) => {
                let (place, connection) = tx.parts();
                let mut rows = statement.postgres().fetch(connection);
                let taken = async {
                    while let Some(row) = rows.try_next().await? {
                        take(&Row::Postgres(row))?;
                    }
                    Ok(())
                };
                place.unless_moved(taken).await?;
            }
            Self::Sqlite(tx) => {
                let statement = statement.unnumbered();
                let mut rows = statement.sqlite().fetch(&mut **tx);
                while let Some(row) = rows.try_next().await? {
                    take(&Row::Sqlite(row))?;
                }
            }
        }
        Ok(())
    }

    /// The first row, if there is one.
    pub fn optional<'a>(&'a mut self, statement: Statement<'a>) -> Boxed<'a, Result<Option<Row>, Error>> {
        Box::pin(async move {
            Ok(match self {
                Self::Postgres(tx) => {
                    let (place, connection) = tx.parts();
                    let row = statement.postgres().fetch_optional(connection);
                    place.unless_moved(row).await?.map(Row::Postgres)
                }
                Self::Sqlite(tx) => statement
                    .unnumbered()
                    .sqlite()
                    .fetch_optional(&mut **tx)
                    .await?
                    .map(Row::Sqlite),
            })
        })
    }

    /// Runs a statement and returns how many rows it changed.
    pub fn execute<'a>(&'a mut self, statement: Statement<'a>) -> Boxed<'a, Result<u64, Error>> {
        Box::pin(async move {
            Ok(match self {
                Self::Postgres(tx) => {
                    let (place, connection) = tx.parts();
                    let executed = statement.postgres().execute(connection);
                    place.unless_moved(executed).await?.rows_affected()
                }
                Self::Sqlite(tx) => statement
                    .unnumbered()
                    .sqlite()
                    .execute(&mut **tx)
                    .await?
                    .rows_affected(),
            })
        })
    }

    /// Runs a script of several statements without arguments.
    pub async fn script(&mut self, text: &str) -> Result<(), Error> {
        match self {
            Self::Postgres(tx) => {
                let (place, connection) = tx.parts();
                place
                    .unless_moved(sqlx::raw_sql(text).execute(connection))
                    .await?;
            }
            Self::Sqlite(tx) => {
                sqlx::raw_sql(text).execute(&mut **tx).await?;
            }
        }
        Ok(())
    }

    /// Waits until the transactions that write to a table have ended, and lets no other write to it until this one ends. On SQLite,
    /// a transaction that writes is alone anyway.
    pub fn write_alone<'a>(&'a mut self, table: &'static str) -> Boxed<'a, Result<(), Error>> {
        Box::pin(async move {
            if let Self::Postgres(_) = self {
                let lock = format!("LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE");
                self.execute(sql(lock)).await?;
            }
            Ok(())
        })
    }

    /// Commits the transaction.
    pub fn commit(self) -> Boxed<'t, Result<(), Error>> {
        Box::pin(async move {
            match self {
                Self::Postgres(PgTx { tx, place }) => place.unless_moved(unwarned(tx.commit())).await,
                Self::Sqlite(tx) => tx.commit().await,
            }
        })
    }
}
