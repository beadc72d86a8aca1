//! A separate connection for a task that writes all the time.

use sqlx::{
    Connection as _,
    postgres::{PgDatabaseError, PgSeverity},
};

use super::{
    Boxed, Db, Error, PgTx, Server, Statement, Tx,
    arrays::AtOnce,
    file::{self, File},
    is_about_time,
    notices::unwarned,
    own::Own,
    servers::moved,
    thread::{Job, LandError, SqliteThread},
};
use crate::store::{MarkMoves, Writes};

/// How a transaction begins on Postgres that also ends if its process stops in the middle (a frozen machine, a lost network), so
/// that the process does not keep its locks.
const BEGIN_BRIEF: &str = "BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL lock_timeout = '5s'; \
     SET LOCAL idle_in_transaction_session_timeout = '10s'";

impl Db {
    /// A writer for a task that writes all the time. It opens its connections when they are needed.
    pub fn writer(&self) -> Writer {
        Writer {
            db: self.clone(),
            kept: None,
            thread: None,
            file: File::of(self),
        }
    }
}

/// Keeps a connection for one task that writes all the time, and on SQLite also a thread with a connection of its own. A pool
/// tests a connection each time it lends it and takes it back, so the task would pay for these tests with every transaction.
/// The connection is in no pool, because a pool that is closed waits for every connection that it has lent.
#[derive(Debug)]
pub struct Writer {
    db: Db,
    /// The connection for transactions, and the server that it goes to. On Postgres, [`Writer::land`] also uses it.
    kept: Option<(Server, Own)>,
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
            Self::Postgres(connection) => Tx::Postgres(PgTx::of(connection.begin_with(BEGIN_BRIEF).await?)),
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
            let moved_away = self.moved();
            tokio::select! {
                biased;
                landed = self.land_here(compare, writes, marks) => landed,
                () = moved_away => Err(NotLanded::Unconfirmed(moved())),
            }
        })
    }

    async fn land_here(
        &mut self,
        compare: Statement<'static>,
        writes: Writes<'static>,
        marks: MarkMoves,
    ) -> Result<bool, NotLanded> {
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
        let server = self.db.server();
        let kept = self.kept.take().filter(|(there, _)| *there == server);
        let kept = match kept {
            Some(kept) => kept,
            None => (server, self.db.connect_to_write().await?),
        };
        Ok(&mut self.kept.insert(kept).1)
    }

    /// Opens the connection, if there is none. For a writer whose commits prove what others read, before they connect.
    pub fn connect(&mut self) -> Boxed<'_, Result<(), Error>> {
        Box::pin(async move { self.connection().await.map(drop) })
    }

    /// Opens the connection, if there is none, and lets everybody else connect again after it if it may go to another server than theirs.
    pub fn lead(&mut self) -> Boxed<'_, Result<(), Error>> {
        Box::pin(async move {
            let server = self.db.server();
            if self.kept.as_ref().is_some_and(|(there, _)| *there == server) {
                return Ok(());
            }
            self.kept = None;
            let own = self.db.connect_to_write().await?;
            self.kept = Some((self.db.leads_to(server), own));
            Ok(())
        })
    }

    /// The server that is used now.
    pub fn server(&self) -> Server {
        self.db.server()
    }

    /// Ends once another server is used than now. What is asked of the old one may never be answered.
    pub fn moved(&self) -> impl Future<Output = ()> + Send + use<> {
        let (db, server) = (self.db.clone(), self.db.server());
        async move { db.moved_from(server).await }
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
        if let Some((_, own)) = self.kept.take() {
            own.close().await;
        }
    }
}
