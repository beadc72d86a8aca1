//! One SQL text on two engines.
//!
//! With what is under it, the only file that names both drivers. Statements use `$1` placeholders, ids are TEXT, times are BIGINT
//! microseconds, JSON is bound as a value, and there are no vendor functions, so that each statement is written
//! once. Where the engines differ in connecting and in beginning a transaction, they differ here.

mod reader;

use std::{borrow::Cow, pin::Pin, str::FromStr, time::Duration};

use futures_util::TryStreamExt as _;
use sqlx::{
    Column, Connection as _, Database, Executor as _, Pool, Postgres, Row as _, Sqlite, Transaction,
    TypeInfo,
    pool::PoolConnection,
    postgres::{PgConnectOptions, PgDatabaseError, PgListener, PgPool, PgPoolOptions, PgRow},
    sqlite::{
        SqliteAutoVacuum, SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteRow,
        SqliteSynchronous,
    },
    types::Json,
};

pub use reader::{Read, Reader};
pub use sqlx::{Error, postgres::PgListener as Listener};

/// The most placeholders one statement may have on both engines (SQLite: 32,766).
pub const MAX_ARGUMENTS: usize = 32_000;

/// Whether a statement failed for its data or its text. Otherwise the database cannot serve now: it is going away,
/// full, read-only, or somebody else has the lock.
pub fn is_about_data(error: &Error) -> bool {
    let Some(error) = error.as_database_error() else {
        return false;
    };
    let code = error.code().unwrap_or_default();
    if error.try_downcast_ref::<PgDatabaseError>().is_some() {
        // Classes of SQLSTATE: cardinality, data, integrity, syntax, and program limits; not supported.
        return ["21", "22", "23", "42", "54", "0A"]
            .iter()
            .any(|class| code.starts_with(class));
    }
    // Primary result codes of SQLite: ERROR, TOOBIG, CONSTRAINT, MISMATCH, RANGE.
    code.parse::<i32>()
        .is_ok_and(|code| matches!(code & 0xff, 1 | 18 | 19 | 20 | 25))
}

/// Every statement here looks rows up by an index. Postgres may still read whole tables while its statistics are
/// behind, as after an import: it then takes a list of keys for a large part of the table, and a page of ten users
/// costs half a second instead of two milliseconds.
const BY_KEY: &str = "SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off; \
                      SET random_page_cost = 1.1; SET max_parallel_workers_per_gather = 0; SET jit = off";

/// A database: a pool of connections to one engine.
#[derive(Clone, Debug)]
pub enum Db {
    /// Postgres 15 or newer.
    Postgres(PgPool),
    /// SQLite: one connection that writes, several that read (WAL).
    Sqlite {
        /// The one that writes.
        writer: SqlitePool,
        /// Those that read.
        readers: SqlitePool,
    },
}

/// How a transaction begins on Postgres, whatever the database's defaults are: each statement sees what was
/// committed before it, and nobody waits for ever for a lock.
const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SET LOCAL lock_timeout = '5s'";
/// Besides, a process that stops in the middle (a frozen machine, a lost network) does not keep its locks.
const BEGIN_BRIEF: &str = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SET LOCAL lock_timeout = '5s'; \
     SET LOCAL idle_in_transaction_session_timeout = '10s'";
/// How one that reads begins there.
const BEGIN_SNAPSHOT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// How a database is opened.
#[derive(Clone, Debug)]
pub struct Options {
    /// The most connections of a pool.
    pub connections: u32,
    /// How long a caller waits for a free connection, or for SQLite's write lock, before it is an error.
    pub patience: Duration,
    /// Postgres: the schemas in which unqualified names are looked up. `None` leaves the server's default.
    pub search_path: Option<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            connections: 10,
            patience: Duration::from_secs(5),
            search_path: None,
        }
    }
}

/// The future of a statement. It is boxed so that what the database's client makes of it is compiled here, once, and not
/// again in each crate that awaits it.
pub type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

impl Db {
    /// Opens `postgres://…`, or `sqlite:PATH` (made if it is not there).
    pub fn open<'a>(url: &'a str, options: &'a Options) -> Boxed<'a, Result<Self, Error>> {
        Box::pin(async move {
            if url.starts_with("sqlite:") {
                return Self::open_sqlite(url, options).await;
            }
            let mut connect = PgConnectOptions::from_str(url)?
                .application_name("muniment")
                .statement_cache_capacity(1_024);
            if let Some(search_path) = &options.search_path {
                connect = connect.options([("search_path", search_path.as_str())]);
            }
            let pool = PgPoolOptions::new()
                .max_connections(options.connections)
                .acquire_timeout(options.patience)
                .after_connect(|connection, _| {
                    Box::pin(async move {
                        // A service that only speaks the protocol may not know these; then it plans as it does.
                        let _ = connection.execute(BY_KEY).await;
                        Ok(())
                    })
                })
                .connect_with(connect)
                .await?;
            Ok(Self::Postgres(pool))
        })
    }

    async fn open_sqlite(url: &str, options: &Options) -> Result<Self, Error> {
        let connect = SqliteConnectOptions::from_str(url)?
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .auto_vacuum(SqliteAutoVacuum::None)
            .foreign_keys(false)
            .busy_timeout(options.patience)
            .pragma("mmap_size", "268435456")
            .pragma("temp_store", "MEMORY")
            .pragma("cache_size", "-65536")
            .pragma("wal_autocheckpoint", "4000")
            // A thread of its own reads; with few rows in between, the two wake each other up all the time.
            .row_buffer_size(1_024)
            .statement_cache_capacity(1_024);
        // SQLite lets one write at a time. The second is for who writes beside the one that keeps its connection.
        let writer = SqlitePoolOptions::new()
            .max_connections(2)
            .acquire_timeout(options.patience)
            .connect_with(connect.clone())
            .await?;
        let readers = SqlitePoolOptions::new()
            .max_connections(options.connections)
            .acquire_timeout(options.patience)
            .connect_with(connect)
            .await?;
        Ok(Self::Sqlite { writer, readers })
    }

    /// Begins a transaction that writes. On SQLite it has the write lock from here on.
    pub fn begin<'a>(&'a self) -> Boxed<'a, Result<Tx<'static>, Error>> {
        Box::pin(async move {
            Ok(match self {
                Self::Postgres(pool) => Tx::Postgres(begin_whole(pool, BEGIN).await?),
                Self::Sqlite { writer, .. } => Tx::Sqlite(begin_whole(writer, "BEGIN IMMEDIATE").await?),
            })
        })
    }

    /// A connection of its own for one who writes all the time.
    pub fn writer(&self) -> Writer {
        Writer {
            db: self.clone(),
            kept: None,
        }
    }

    /// Begins a transaction that reads one state of the database, however many statements it has.
    pub fn snapshot<'a>(&'a self) -> Boxed<'a, Result<Tx<'static>, Error>> {
        Box::pin(async move {
            Ok(match self {
                Self::Postgres(pool) => Tx::Postgres(begin_whole(pool, BEGIN_SNAPSHOT).await?),
                Self::Sqlite { readers, .. } => Tx::Sqlite(begin_whole(readers, "BEGIN").await?),
            })
        })
    }

    /// All rows of one statement, read outside of any transaction.
    pub fn all<'a>(&'a self, statement: Statement<'a>) -> Boxed<'a, Result<Vec<Row>, Error>> {
        Box::pin(async move {
            Ok(match self {
                Self::Postgres(pool) => statement
                    .postgres()
                    .fetch_all(pool)
                    .await?
                    .into_iter()
                    .map(Row::Postgres)
                    .collect(),
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
                Self::Postgres(pool) => statement
                    .postgres()
                    .fetch_optional(pool)
                    .await?
                    .map(Row::Postgres),
                Self::Sqlite { readers, .. } => statement
                    .unnumbered()
                    .sqlite()
                    .fetch_optional(readers)
                    .await?
                    .map(Row::Sqlite),
            })
        })
    }

    /// Runs one statement that writes, in a transaction of its own.
    pub fn execute<'a>(&'a self, statement: Statement<'a>) -> Boxed<'a, Result<u64, Error>> {
        Box::pin(async move {
            Ok(match self {
                Self::Postgres(pool) => statement.postgres().execute(pool).await?.rows_affected(),
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
                Self::Postgres(pool) => {
                    sqlx::raw_sql(text).execute(pool).await?;
                }
                Self::Sqlite { writer, .. } => {
                    sqlx::raw_sql(text).execute(writer).await?;
                }
            }
            Ok(())
        })
    }

    /// Tells other processes on the same Postgres `message` on `channel`. SQLite has no other processes.
    pub fn notify<'a>(&'a self, channel: &'a str, message: &'a str) -> Boxed<'a, Result<(), Error>> {
        Box::pin(async move {
            if let Self::Postgres(pool) = self {
                // A transaction that tells something waits for the disk as one that writes does, unless it is told not to: a
                // message lost with the machine is one that nobody needs.
                sqlx::query("SELECT set_config('synchronous_commit', 'off', true), pg_notify($1, $2)")
                    .bind(channel)
                    .bind(message)
                    .execute(pool)
                    .await?;
            }
            Ok(())
        })
    }

    /// Listens for what other processes tell on `channel`; `None` on SQLite.
    pub fn listen<'a>(&'a self, channel: &'a str) -> Boxed<'a, Result<Option<Listener>, Error>> {
        Box::pin(async move {
            match self {
                Self::Postgres(pool) => {
                    let mut listener = PgListener::connect_with(pool).await?;
                    // Whoever listens is to know that the connection was lost, not find another in its place.
                    listener.eager_reconnect(false);
                    listener.listen(channel).await?;
                    Ok(Some(listener))
                }
                Self::Sqlite { .. } => Ok(None),
            }
        })
    }

    /// The right to be the only process on this Postgres that does what `name` says, until it is dropped; `None` if
    /// another has it, or on SQLite, where there is no other.
    pub fn alone<'a>(&'a self, name: &'a str) -> Boxed<'a, Result<Option<Alone>, Error>> {
        Box::pin(async move {
            let Self::Postgres(pool) = self else {
                return Ok(None);
            };
            let mut connection = pool.acquire().await?;
            // The connection ends with the right: an advisory lock lives as long as its session.
            connection.close_on_drop();
            // Of one that was interrupted the database may take a moment to notice.
            sqlx::query("SET lock_timeout = '2s'")
                .execute(&mut *connection)
                .await?;
            let asked = sqlx::query("SELECT pg_advisory_lock(hashtext($1))")
                .bind(name)
                .execute(&mut *connection)
                .await;
            match asked {
                Ok(_) => Ok(Some(Alone {
                    connection,
                    name: name.to_owned(),
                })),
                // lock_not_available (Postgres, appendix A).
                Err(error)
                    if error
                        .as_database_error()
                        .is_some_and(|e| e.code().as_deref() == Some("55P03")) =>
                {
                    Ok(None)
                }
                Err(error) => Err(error),
            }
        })
    }

    /// The engine's name: `postgres` or `sqlite`.
    pub fn engine(&self) -> &'static str {
        match self {
            Self::Postgres(_) => "postgres",
            Self::Sqlite { .. } => "sqlite",
        }
    }

    /// Closes all connections. On SQLite this folds the write-ahead log into the file.
    pub fn close<'a>(&'a self) -> Boxed<'a, ()> {
        Box::pin(async move {
            match self {
                Self::Postgres(pool) => pool.close().await,
                Self::Sqlite { writer, readers } => {
                    readers.close().await;
                    writer.close().await;
                }
            }
        })
    }
}

/// Begins a transaction in a task of its own. A client that hangs up ends the future that answers it; ended while `BEGIN`
/// is under way, sqlx 0.8 gives the connection back inside the transaction, and whoever gets it next is inside, too.
async fn begin_whole<DB: Database>(
    pool: &Pool<DB>,
    begin: &'static str,
) -> Result<Transaction<'static, DB>, Error> {
    let pool = pool.clone();
    tokio::spawn(async move { pool.begin_with(begin).await })
        .await
        .unwrap_or(Err(Error::WorkerCrashed))
}

/// The right that [`Db::alone`] gives.
#[derive(Debug)]
pub struct Alone {
    connection: PoolConnection<Postgres>,
    name: String,
}

impl Alone {
    /// Gives it up: once this returns another may have it. Dropped instead, it ends when the database notices.
    pub fn give_up(mut self) -> Boxed<'static, Result<(), Error>> {
        Box::pin(async move {
            sqlx::query("SELECT pg_advisory_unlock(hashtext($1))")
                .bind(&self.name)
                .execute(&mut *self.connection)
                .await?;
            Ok(())
        })
    }
}

/// One connection kept for one writer: a pool asks a connection whether it lives whenever it hands it out and takes it
/// back, which a writer that never rests would pay with every transaction.
#[derive(Debug)]
pub struct Writer {
    db: Db,
    kept: Option<Kept>,
}

#[derive(Debug)]
enum Kept {
    Postgres(PoolConnection<Postgres>),
    Sqlite(PoolConnection<Sqlite>),
}

impl Writer {
    /// Begins a transaction whose statements follow each other at once: Postgres ends it if they do not.
    pub fn begin<'a>(&'a mut self) -> Boxed<'a, Result<Tx<'a>, Error>> {
        Box::pin(async move {
            let kept = match self.kept.take() {
                Some(kept) => kept,
                None => match &self.db {
                    Db::Postgres(pool) => Kept::Postgres(pool.acquire().await?),
                    Db::Sqlite { writer, .. } => Kept::Sqlite(writer.acquire().await?),
                },
            };
            Ok(match self.kept.insert(kept) {
                Kept::Postgres(connection) => Tx::Postgres(connection.begin_with(BEGIN_BRIEF).await?),
                Kept::Sqlite(connection) => Tx::Sqlite(connection.begin_with("BEGIN IMMEDIATE").await?),
            })
        })
    }

    /// Closes the connection at once, whatever it is doing.
    pub fn abandon(&mut self) {
        match self.kept.take() {
            Some(Kept::Postgres(connection)) => drop(connection.detach()),
            Some(Kept::Sqlite(connection)) => drop(connection.detach()),
            None => {}
        }
    }

    /// Gives the connection back, so that the next transaction begins on one that was found to live.
    pub fn release(&mut self) {
        self.kept = None;
    }
}

/// A transaction. Dropped without [`Tx::commit`] it is rolled back.
#[derive(Debug)]
pub enum Tx<'c> {
    /// On Postgres.
    Postgres(sqlx::Transaction<'c, Postgres>),
    /// On SQLite.
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

    /// Gives `take` each row as it comes, so that they are never in memory all at once.
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

    /// Runs a statement; answers how many rows it changed.
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

    /// Tells other processes on the same Postgres `message` on `channel` once this is committed. SQLite has no
    /// other processes.
    pub fn notify<'a>(&'a mut self, channel: &'a str, message: &'a str) -> Boxed<'a, Result<(), Error>> {
        Box::pin(async move {
            if let Self::Postgres(tx) = self {
                sqlx::query("SELECT pg_notify($1, $2)")
                    .bind(channel)
                    .bind(message)
                    .execute(&mut **tx)
                    .await?;
            }
            Ok(())
        })
    }

    /// Makes it last.
    pub fn commit(self) -> Boxed<'t, Result<(), Error>> {
        Box::pin(async move {
            match self {
                Self::Postgres(tx) => tx.commit().await,
                Self::Sqlite(tx) => tx.commit().await,
            }
        })
    }
}

/// An argument of a statement. Nulls are typed, since Postgres wants to know.
#[derive(Clone, Debug)]
pub enum Argument<'a> {
    /// TEXT.
    Text(Option<Cow<'a, str>>),
    /// BIGINT.
    Int(Option<i64>),
    /// BOOLEAN.
    Bool(Option<bool>),
    /// BYTEA or BLOB.
    Bytes(Cow<'a, [u8]>),
    /// JSONB on Postgres, TEXT on SQLite.
    Json(Cow<'a, serde_json::value::RawValue>),
}

macro_rules! argument_from {
    ($($type:ty => $make:expr),* $(,)?) => {
        $(impl<'a> From<$type> for Argument<'a> {
            fn from(value: $type) -> Self {
                let make: fn($type) -> Self = $make;
                make(value)
            }
        })*
    };
}
argument_from! {
    &'a str => |v| Argument::Text(Some(Cow::Borrowed(v))),
    String => |v| Argument::Text(Some(Cow::Owned(v))),
    Option<&'a str> => |v| Argument::Text(v.map(Cow::Borrowed)),
    Option<String> => |v| Argument::Text(v.map(Cow::Owned)),
    i64 => |v| Argument::Int(Some(v)),
    Option<i64> => |v| Argument::Int(v),
    bool => |v| Argument::Bool(Some(v)),
    &'a [u8] => |v| Argument::Bytes(Cow::Borrowed(v)),
    Vec<u8> => |v| Argument::Bytes(Cow::Owned(v)),
    Box<serde_json::value::RawValue> => |v| Argument::Json(Cow::Owned(v)),
    &'a serde_json::value::RawValue => |v| Argument::Json(Cow::Borrowed(v)),
}

/// A statement with its arguments.
#[derive(Clone, Debug)]
pub struct Statement<'a> {
    text: Cow<'a, str>,
    arguments: Vec<Argument<'a>>,
}

/// A statement of this text, without arguments yet.
pub fn sql<'a>(text: impl Into<Cow<'a, str>>) -> Statement<'a> {
    Statement {
        text: text.into(),
        arguments: Vec::new(),
    }
}

/// `($1, $2), ($3, $4)`: placeholders for `rows` rows of `columns` columns, counted from `first`.
pub fn placeholders(first: usize, rows: usize, columns: usize) -> String {
    use std::fmt::Write;
    let mut text = String::with_capacity(rows * columns * 6);
    let mut number = first;
    for row in 0..rows {
        text.push_str(if row == 0 { "(" } else { ", (" });
        for column in 0..columns {
            let _ = write!(text, "{}${number}", if column == 0 { "" } else { ", " });
            number += 1;
        }
        text.push(')');
    }
    text
}

/// How many rows a statement for `rows` rows has room for.
pub fn rounded(rows: usize) -> usize {
    if rows <= 16 {
        rows
    } else {
        rows.next_power_of_two()
    }
}

/// These, and the last once more until there are `count`.
pub fn filled<T>(chunk: &[T], count: usize) -> impl Iterator<Item = &T> {
    chunk.iter().chain(chunk.last().into_iter().cycle()).take(count)
}

/// Up to so many placeholders, numbers do not cost.
const FEW: usize = 32;

/// `$1, $2` as `?, ?`; none if there are not exactly `count`, in order.
fn unnumbered(text: &str, count: usize) -> Option<String> {
    let mut parts = text.split('$');
    let mut plain = String::with_capacity(text.len());
    plain.push_str(parts.next()?);
    let mut seen = 0;
    for part in parts {
        let digits = part.bytes().take_while(u8::is_ascii_digit).count();
        seen += 1;
        if part[..digits].parse() != Ok(seen) {
            return None;
        }
        plain.push('?');
        plain.push_str(&part[digits..]);
    }
    (seen == count).then_some(plain)
}

macro_rules! bind_all {
    ($statement:expr) => {{
        let mut query = sqlx::query($statement.text.as_ref());
        for argument in &$statement.arguments {
            query = match argument {
                Argument::Text(value) => query.bind(value.as_deref()),
                Argument::Int(value) => query.bind(*value),
                Argument::Bool(value) => query.bind(*value),
                Argument::Bytes(value) => query.bind(value.as_ref()),
                Argument::Json(value) => query.bind(Json(value.as_ref())),
            };
        }
        query
    }};
}

impl<'a> Statement<'a> {
    /// Binds the next placeholder.
    #[must_use]
    pub fn bind(mut self, value: impl Into<Argument<'a>>) -> Self {
        self.arguments.push(value.into());
        self
    }

    /// Binds the next placeholders.
    #[must_use]
    pub fn bind_all<T: Into<Argument<'a>>>(mut self, values: impl IntoIterator<Item = T>) -> Self {
        self.arguments.extend(values.into_iter().map(Into::into));
        self
    }

    /// The same statement with `?` for its placeholders, if it has many, each once and in order. SQLite takes `$1` for
    /// a name and searches all names for it, so that binding many costs the square of their number.
    fn unnumbered(mut self) -> Self {
        if self.arguments.len() > FEW
            && let Some(text) = unnumbered(&self.text, self.arguments.len())
        {
            self.text = Cow::Owned(text);
        }
        self
    }

    fn postgres(&self) -> sqlx::query::Query<'_, Postgres, sqlx::postgres::PgArguments> {
        bind_all!(self)
    }

    fn sqlite(&self) -> sqlx::query::Query<'_, Sqlite, sqlx::sqlite::SqliteArguments<'_>> {
        bind_all!(self)
    }
}

/// A row, read by column number from 0.
#[expect(
    missing_debug_implementations,
    reason = "rows hold personal data, and SqliteRow has none"
)]
pub enum Row {
    /// Of Postgres.
    Postgres(PgRow),
    /// Of SQLite.
    Sqlite(SqliteRow),
}

macro_rules! column {
    ($(#[$doc:meta])* $name:ident -> $type:ty) => {
        $(#[$doc])*
        pub fn $name(&self, column: usize) -> Result<$type, Error> {
            match self {
                Self::Postgres(row) => row.try_get(column),
                Self::Sqlite(row) => row.try_get(column),
            }
        }
    };
}

impl Row {
    column!(/// TEXT.
        text -> String);
    column!(/// TEXT that may be null.
        text_or_null -> Option<String>);
    column!(/// BIGINT.
        int -> i64);
    column!(/// BIGINT that may be null.
        int_or_null -> Option<i64>);
    column!(/// BOOLEAN.
        bool -> bool);
    column!(/// BYTEA or BLOB.
        bytes -> Vec<u8>);
    column!(/// BYTEA or BLOB that may be null.
        bytes_or_null -> Option<Vec<u8>>);

    /// A TEXT column without copying it.
    pub fn str(&self, column: usize) -> Result<&str, Error> {
        match self {
            Self::Postgres(row) => row.try_get(column),
            Self::Sqlite(row) => row.try_get(column),
        }
    }

    /// A TEXT column that may be null without copying it.
    pub fn str_or_null(&self, column: usize) -> Result<Option<&str>, Error> {
        match self {
            Self::Postgres(row) => row.try_get(column),
            Self::Sqlite(row) => row.try_get(column),
        }
    }

    /// JSONB, or TEXT holding JSON.
    pub fn json(&self, column: usize) -> Result<serde_json::Value, Error> {
        match self {
            Self::Postgres(row) => row.try_get::<Json<_>, _>(column).map(|json| json.0),
            Self::Sqlite(row) => row.try_get::<Json<_>, _>(column).map(|json| json.0),
        }
    }

    /// How many columns there are.
    pub fn len(&self) -> usize {
        match self {
            Self::Postgres(row) => row.len(),
            Self::Sqlite(row) => row.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The column's declared type in upper case, `INT8` and `BIGINT` told as the driver tells them.
    pub fn type_name(&self, column: usize) -> String {
        match self {
            Self::Postgres(row) => row.column(column).type_info().name().to_uppercase(),
            Self::Sqlite(row) => row.column(column).type_info().name().to_uppercase(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_in_order_need_no_numbers() {
        let text = format!("INSERT INTO t (a, b) VALUES {}", placeholders(1, 2, 2));
        assert_eq!(
            unnumbered(&text, 4).as_deref(),
            Some("INSERT INTO t (a, b) VALUES (?, ?), (?, ?)")
        );
    }

    #[test]
    fn placeholders_out_of_order_twice_or_missing_keep_their_numbers() {
        for (text, count) in [
            ("$2, $1", 2),
            ("$1, $1", 2),
            ("$1, $1", 1),
            ("$1", 2),
            ("'$' || $1", 1),
        ] {
            assert_eq!(unnumbered(text, count), None, "{text}");
        }
    }
}
