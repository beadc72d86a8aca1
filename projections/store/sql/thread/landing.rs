//! The connection of the thread: one transaction for each batch.

use rusqlite::{
    Connection, Error, ErrorCode, OpenFlags, Result, ToSql, params_from_iter,
    types::{ToSqlOutput, ValueRef},
};

use super::{
    super::{Argument, connect::PRAGMAS},
    Job, LandError, Place,
};

/// How many statements the connection keeps prepared. The program has fewer: one for each table and each way to write it.
const STATEMENTS: usize = 256;
/// The size of a page of the file.
const PAGE: u64 = 4_096;
/// Roughly how many pages a row changes: one of the table and one of an index. (A granted role writes two rows, which change
/// 4.7 pages.)
const PAGES_OF_A_ROW: u64 = 2;

/// The memory for pages of the connection that writes, in KiB. When a batch splits pages of a tree, SQLite goes through all of
/// this memory at the commit (docs/decisions/0020-how-sqlite-is-compiled.md). The system keeps the file's pages, too.
const CACHE: u64 = 16_384;

/// A connection that writes batches.
#[derive(Debug)]
pub(super) struct Landing {
    connection: Connection,
}

impl Place {
    /// Opens the file, which must exist, with the settings of the pools' connections.
    pub(super) fn open(&self) -> Result<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.file.path, flags)?;
        connection.busy_timeout(self.patience)?;
        connection.execute_batch("PRAGMA synchronous = FULL; PRAGMA foreign_keys = OFF")?;
        for (name, value) in PRAGMAS {
            connection.execute_batch(&format!("PRAGMA {name} = {value}"))?;
        }
        let kept = self.limits.kept_bytes();
        connection.execute_batch(&format!("PRAGMA journal_size_limit = {kept}"))?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        Ok(connection)
    }
}

impl Landing {
    pub(super) fn open(place: &Place) -> Result<Self> {
        let connection = place.open()?;
        connection.execute_batch(&format!("PRAGMA cache_size = -{CACHE}"))?;
        Ok(Self { connection })
    }

    #[cfg(test)]
    pub(super) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Writes a batch. Returns roughly how many pages it changed, or `None` if its comparison changed no row. After `None` or an
    /// error, the caller must roll back.
    pub(super) fn land(&self, job: &Job) -> Result<Option<u64>> {
        self.run("BEGIN IMMEDIATE")?;
        match self.compare(job)? {
            0 => return Ok(None),
            1 => {}
            several => return Err(Error::StatementChangedRows(several)),
        }
        let mut pages = PAGES_OF_A_ROW;
        for (text, rows) in job.writes.row_by_row() {
            let mut statement = self.connection.prepare_cached(&text)?;
            for row in rows {
                statement.execute(params_from_iter(row))?;
                pages += PAGES_OF_A_ROW + row.iter().map(length).sum::<u64>() / PAGE;
            }
        }
        self.run("COMMIT")?;
        Ok(Some(pages))
    }

    /// Writes a page without changing anything. Returns whether it did. If another connection keeps the write lock, waits for a
    /// short time only.
    pub(super) fn write_a_page(&self, place: &Place) -> bool {
        let write = || {
            self.connection.busy_timeout(place.limits.wait)?;
            self.run("BEGIN IMMEDIATE")?;
            let version: i64 = self
                .connection
                .query_row("PRAGMA user_version", [], |row| row.get(0))?;
            self.connection
                .execute_batch(&format!("PRAGMA user_version = {version}"))?;
            self.run("COMMIT")
        };
        let is_written = write().is_ok();
        let is_reset = self.roll_back() && self.connection.busy_timeout(place.patience).is_ok();
        is_written && is_reset
    }

    /// Ends the transaction, if one is open. Returns whether the connection has no open transaction now.
    pub(super) fn roll_back(&self) -> bool {
        // SQLite ends the transaction by itself after some errors, for example when the disk is full.
        self.connection.is_autocommit() || self.run("ROLLBACK").is_ok()
    }

    fn run(&self, text: &str) -> Result<()> {
        self.connection.prepare_cached(text)?.execute([]).map(|_| ())
    }

    fn compare(&self, job: &Job) -> Result<usize> {
        let (text, arguments) = job.compare.parts();
        let mut statement = self.connection.prepare_cached(text)?;
        for place in 1..=statement.parameter_count() {
            // For SQLite, `$1` and `$2` are names. It numbers them in their order in the text.
            let number = match statement.parameter_name(place) {
                Some(name) => name.trim_start_matches('$').parse().unwrap_or(0),
                None => place,
            };
            let argument = number.checked_sub(1).and_then(|at| arguments.get(at));
            let missing = || Error::InvalidParameterCount(arguments.len(), number);
            statement.raw_bind_parameter(place, argument.ok_or_else(missing)?)?;
        }
        statement.raw_execute()
    }
}

/// Whether the connection still works after this error.
pub(super) fn spares_the_connection(error: &Error) -> bool {
    use ErrorCode::{ConstraintViolation, DatabaseBusy, DatabaseLocked};
    matches!(
        error.sqlite_error_code(),
        Some(DatabaseBusy | DatabaseLocked | ConstraintViolation)
    )
}

impl From<Error> for LandError {
    fn from(error: Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy,
            Some(_) | None => Self::Failed(text_of(&error)),
        }
    }
}

/// The message of SQLite, with its result code. It may contain names of tables, columns and constraints, but no values.
pub(super) fn text_of(error: &Error) -> String {
    match error {
        Error::SqliteFailure(code, _) => format!("{error} (SQLite's code {})", code.extended_code),
        other => other.to_string(),
    }
}

/// The length of a text or of bytes; 0 for values that are always short.
fn length(argument: &Argument<'_>) -> u64 {
    let bytes = match argument {
        Argument::Text(text) => text.as_ref().map_or(0, |text| text.len()),
        Argument::Bytes(bytes) => bytes.len(),
        Argument::Id(_) | Argument::Int(_) | Argument::Bool(_) => 0,
    };
    u64::try_from(bytes).unwrap_or(u64::MAX)
}

impl ToSql for Argument<'_> {
    fn to_sql(&self) -> Result<ToSqlOutput<'_>> {
        let value = match self {
            Self::Text(Some(text)) => ValueRef::Text(text.as_bytes()),
            Self::Id(Some(id)) => ValueRef::Blob(id.as_bytes()),
            Self::Int(Some(number)) => ValueRef::Integer(*number),
            Self::Bool(Some(is)) => ValueRef::Integer(i64::from(*is)),
            Self::Bytes(bytes) => ValueRef::Blob(bytes),
            Self::Text(None) | Self::Id(None) | Self::Int(None) | Self::Bool(None) => ValueRef::Null,
        };
        Ok(ToSqlOutput::Borrowed(value))
    }
}
