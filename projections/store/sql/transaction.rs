//! Transactions, and a separate connection for a task that writes all the time.

use futures_util::TryStreamExt as _;
use sqlx::{
    Connection as _, Database, Pool, Postgres, Sqlite, Transaction,
    postgres::{PgDatabaseError, PgSeverity},
};

use super::{
    Boxed, Db, Error, Row, Statement,
    arrays::AtOnce,
    file::{self, File},
    is_about_time,
    notices::unwarned,
    own::Own,
    sql,
    thread::{Job, LandError, SqliteThread},
};
use crate::store::{MarkMoves, Writes};

/// How a transaction begins on Postgres, whatever the defaults of the database are: each statement sees what was
/// committed before it, and no statement waits for a lock for ever.
const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SET LOCAL lock_timeout = '5s'";
/// The same, but the transaction also ends if its process stops in the middle (a frozen machine, a lost network), so
/// that the process does not keep its locks.
const BEGIN_BRIEF: &str = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SET LOCAL lock_timeout = '5s'; \
     SET LOCAL idle_in_transaction_session_timeout = '10s'";
/// How a transaction that only reads begins on Postgres.
const BEGIN_SNAPSHOT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

impl Db {
    /// Begins a transaction that writes. On SQLite, it takes the write lock here.
    pub fn begin<'a>(&'a self) -> Boxed<'a, Result<Tx<'static>, Error>> {
        Box::pin(async move {
            Ok(match self {
                Self::Postgres(pool) => Tx::Postgres(begin_whole(pool, BEGIN).await?),
                Self::Sqlite { writer, .. } => Tx::Sqlite(begin_whole(writer, "BEGIN IMMEDIATE").await?),
            })
        })
    }

    /// A writer for a task that writes all the time. It opens its connections when they are needed.
    pub fn writer(&self) -> Writer {
        Writer {
            db: self.clone(),
            kept: None,
            thread: None,
            file: File::of(self),
        }
    }

    /// Begins a transaction that reads one state of the database, even with several statements.
    pub fn snapshot<'a>(&'a self) -> Boxed<'a, Result<Tx<'static>, Error>> {
        Box::pin(async move {
            Ok(match self {
                Self::Postgres(pool) => Tx::Postgres(begin_whole(pool, BEGIN_SNAPSHOT).await?),
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

/// Keeps a connection for one task that writes all the time, and on SQLite also a thread with a connection of its own. A pool
/// tests a connection each time it lends it and takes it back, so the task would pay for these tests with every transaction.
/// The connection is in no pool, because a pool that is closed waits for every connection that it has lent.
#[derive(Debug)]
pub struct Writer {
    db: Db,
    /// The connection for transactions. On Postgres, [`Writer::land`] also uses it.
    kept: Option<Own>,
    /// On SQLite: the thread that writes the batches of [`Writer::land`] without marks.
    pub(super) thread: Option<SqliteThread>,
    /// On SQLite: the file.
    file: Option<File>,
}

/// Why a batch did not land.
#[derive(Debug)]
pub enum NotLanded {
    /// A lock was not free in time, or the statement took too long. Nothing was written.
    Busy(Error),
    /// There was no connection, or the database refused the batch. Nothing was written.
    Refused(Error),
    /// The connection broke before the answer came. The batch may have been written, or may be written later.
    Unconfirmed(Error),
}

impl NotLanded {
    /// The error of a step before the commit was sent.
    fn unsent(error: Error) -> Self {
        if is_about_time(&error) {
            Self::Busy(error)
        } else {
            Self::Refused(error)
        }
    }

    /// The error that came instead of the answer to a commit.
    fn answered(error: Error) -> Self {
        if is_an_answer(&error) {
            Self::unsent(error)
        } else {
            Self::Unconfirmed(error)
        }
    }
}

/// Whether the error is an answer of the database, which undid the statement. After a fatal error of Postgres, nobody knows what
/// became of the statement.
pub fn is_an_answer(error: &Error) -> bool {
    error.as_database_error().is_some_and(|error| {
        let postgres = error.try_downcast_ref::<PgDatabaseError>();
        postgres.is_none_or(|error| error.severity() == PgSeverity::Error)
    })
}

impl Own {
    /// Begins a transaction that writes.
    async fn begin(&mut self) -> Result<Tx<'_>, Error> {
        Ok(match self {
            Self::Postgres(connection) => Tx::Postgres(connection.begin_with(BEGIN_BRIEF).await?),
            Self::Sqlite(connection) => Tx::Sqlite(connection.begin_with("BEGIN IMMEDIATE").await?),
        })
    }
}

impl Writer {
    /// Begins a transaction whose statements must follow each other at once: otherwise Postgres ends it.
    pub fn begin<'a>(&'a mut self) -> Boxed<'a, Result<Tx<'a>, Error>> {
        Box::pin(async move {
            self.must_be_in_place()?;
            self.look().await;
            self.connection().await?.begin().await
        })
    }

    /// Writes all steps and then the marks, and commits them, if `compare` changes one row. `compare` is an `UPDATE` of one row
    /// that has a condition on its old values. If it changes no row, nothing is written and the answer is `false`.
    ///
    /// A batch without marks is one statement on Postgres if its steps [fit one](Writes::fit_one_statement), and one order to
    /// the thread on SQLite. All other batches are several statements in a transaction.
    pub fn land(
        &mut self,
        compare: Statement<'static>,
        writes: Writes<'static>,
        marks: MarkMoves,
    ) -> Boxed<'_, Result<bool, NotLanded>> {
        Box::pin(async move {
            if marks.is_empty()
                && let Some(thread) = self.thread()
            {
                let landed = thread.land(Job { compare, writes }).await;
                return landed.map_err(|error| self.not_landed(error));
            }
            self.must_be_in_place().map_err(NotLanded::Refused)?;
            self.look().await;
            let connection = self.connection().await.map_err(NotLanded::unsent)?;
            if let Own::Postgres(connection) = connection
                && marks.is_empty()
                && writes.fit_one_statement()
            {
                let statement = AtOnce::of(&compare, &writes).map_err(NotLanded::Refused)?;
                return unwarned(statement.run(connection))
                    .await
                    .map_err(NotLanded::answered);
            }
            let mut tx = connection.begin().await.map_err(NotLanded::unsent)?;
            let changed = tx.land(compare, writes, marks).await.map_err(NotLanded::unsent)?;
            // Commit even if nothing changed: an open transaction would keep its lock.
            tx.commit().await.map_err(NotLanded::answered)?;
            Ok(changed)
        })
    }

    /// What an error of the thread means. If the thread has ended, the next batch starts another one.
    fn not_landed(&mut self, error: LandError) -> NotLanded {
        let cause = Error::Protocol(error.to_string());
        match error {
            LandError::Busy => NotLanded::Busy(cause),
            LandError::Failed(_) => NotLanded::Refused(cause),
            LandError::NotRunning => {
                self.thread = None;
                NotLanded::Refused(cause)
            }
            LandError::Unconfirmed => {
                self.thread = None;
                NotLanded::Unconfirmed(cause)
            }
        }
    }

    /// Refuses to write to a file that was moved or replaced.
    fn must_be_in_place(&self) -> Result<(), Error> {
        match &self.file {
            Some(file) if !file.is_in_place() => Err(file::replaced()),
            Some(_) | None => Ok(()),
        }
    }

    /// SQLite's own thread, if this is SQLite.
    fn thread(&mut self) -> Option<&SqliteThread> {
        if self.thread.is_none() {
            self.thread = SqliteThread::start(&self.db);
        }
        self.thread.as_ref()
    }

    /// On SQLite: lets the thread copy the write-ahead log if it is long. See [`SqliteThread::look`].
    async fn look(&mut self) {
        if let Some(thread) = self.thread() {
            thread.look().await;
        }
    }

    async fn connection(&mut self) -> Result<&mut Own, Error> {
        let kept = match self.kept.take() {
            Some(kept) => kept,
            None => self.db.connect_to_write().await?,
        };
        Ok(self.kept.insert(kept))
    }

    /// Moves the connection and the thread to another writer, which is returned.
    #[must_use]
    pub fn take(&mut self) -> Self {
        Self {
            db: self.db.clone(),
            kept: self.kept.take(),
            thread: self.thread.take(),
            file: self.file.clone(),
        }
    }

    /// Drops the connection, even during a statement. The next transaction begins on a new one. The thread of SQLite stays: it
    /// replaces its own connection when it must.
    pub fn abandon(&mut self) {
        self.kept = None;
    }

    /// Ends the thread, closes the connection, and waits for both. The next transaction begins on a new connection.
    pub async fn close(&mut self) {
        if let Some(thread) = self.thread.take() {
            thread.close().await;
        }
        if let Some(own) = self.kept.take() {
            own.close().await;
        }
    }
}

/// A transaction. If it is dropped without [`Tx::commit`], it is rolled back.
#[derive(Debug)]
pub enum Tx<'c> {
    /// A transaction on Postgres.
    Postgres(sqlx::Transaction<'c, Postgres>),
    /// A transaction on SQLite.
    Sqlite(sqlx::Transaction<'c, Sqlite>),
}

impl<'t> Tx<'t> {
    /// All rows.
    pub fn all<'a>(&'a mut self, statement: Statement<'a>) -> Boxed<'a, Result<Vec<Row>, Error>> {
        Box::pin(async move {
            Ok(match self {
                Self::Postgres(tx) => statement
                    .postgres()
                    .fetch_all(&mut **tx)
                    .await?
                    .into_iter()
                    .map(Row::Postgres)
                    .collect(),
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
                let mut rows = statement.postgres().fetch(&mut **tx);
                while let Some(row) = rows.try_next().await? {
                    take(&Row::Postgres(row))?;
                }
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
                Self::Postgres(tx) => statement
                    .postgres()
                    .fetch_optional(&mut **tx)
                    .await?
                    .map(Row::Postgres),
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
                Self::Postgres(tx) => statement.postgres().execute(&mut **tx).await?.rows_affected(),
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
                sqlx::raw_sql(text).execute(&mut **tx).await?;
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
                Self::Postgres(tx) => unwarned(tx.commit()).await,
                Self::Sqlite(tx) => tx.commit().await,
            }
        })
    }
}
