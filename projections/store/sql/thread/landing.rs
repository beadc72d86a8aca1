//! The connection of the thread: one transaction for each batch.

use std::{
    fs,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use rusqlite::{
    Connection, Error, ErrorCode, OpenFlags, Result, ToSql, params_from_iter,
    types::{ToSqlOutput, ValueRef},
};

use super::{
    super::{Argument, connect::PRAGMAS},
    Job, LandError, Place,
};

/// How many statements the connection keeps prepared. The program has fewer: one for each table and way to write it.
const STATEMENTS: usize = 256;
/// The size of a page of the file.
const PAGE: u64 = 4_096;
/// How many pages a row changes, roughly: one of the table and one of an index. (A granted role changes 4.7 pages by its
/// two rows.)
const PAGES_OF_A_ROW: u64 = 2;

/// A connection that writes batches.
#[derive(Debug)]
pub(super) struct Landing {
    connection: Connection,
    path: PathBuf,
    /// Which file the connection has open.
    file: Option<(u64, u64)>,
}

impl Place {
    /// Opens the file, which must exist, with the settings of the pools' connections. But a commit does not begin a
    /// checkpoint: see [`super::checkpoints`].
    pub(super) fn open(&self) -> Result<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.file, flags)?;
        connection.busy_timeout(self.patience)?;
        connection.execute_batch(
            "PRAGMA synchronous = FULL; PRAGMA foreign_keys = OFF; PRAGMA wal_autocheckpoint = 0",
        )?;
        for (name, value) in PRAGMAS {
            connection.execute_batch(&format!("PRAGMA {name} = {value}"))?;
        }
        connection.execute_batch(&format!(
            "PRAGMA journal_size_limit = {}",
            self.limits.kept_bytes()
        ))?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        Ok(connection)
    }
}

impl Landing {
    pub(super) fn open(place: &Place) -> Result<Self> {
        let connection = place.open()?;
        Ok(Self {
            connection,
            path: place.file.clone(),
            file: identity(&place.file),
        })
    }

    pub(super) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Whether the file at the path is still the one that the connection writes to. SQLite writes to a deleted file
    /// without an error, and nobody would see these rows again.
    pub(super) fn is_in_place(&self) -> bool {
        self.file.is_some() && identity(&self.path) == self.file
    }

    /// Writes a batch; returns roughly how many pages it changed, or `None` if its comparison changed no row. After
    /// anything but `Some`, the caller must roll back.
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

    /// Ends the transaction, if one is open. Returns whether none is open now.
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
            // SQLite numbers `$1` and `$2`, which are names to it, in the order in which the text has them.
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

/// Whether a connection is as good as before after this error.
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

/// What SQLite says, with its result code. SQLite names tables, columns and constraints here, but no values.
pub(super) fn text_of(error: &Error) -> String {
    match error {
        Error::SqliteFailure(code, _) => format!("{error} (SQLite's code {})", code.extended_code),
        other => other.to_string(),
    }
}

fn identity(file: &Path) -> Option<(u64, u64)> {
    let metadata = fs::metadata(file).ok()?;
    Some((metadata.dev(), metadata.ino()))
}

/// How many bytes of a row the argument is, if they are many.
fn length(argument: &Argument<'_>) -> u64 {
    let bytes = match argument {
        Argument::Text(text) => text.as_ref().map_or(0, |text| text.len()),
        Argument::Bytes(bytes) => bytes.len(),
        Argument::Json(json) => json.get().len(),
        Argument::Int(_) | Argument::Bool(_) => 0,
    };
    u64::try_from(bytes).unwrap_or(u64::MAX)
}

impl ToSql for Argument<'_> {
    fn to_sql(&self) -> Result<ToSqlOutput<'_>> {
        let value = match self {
            Self::Text(Some(text)) => ValueRef::Text(text.as_bytes()),
            Self::Int(Some(number)) => ValueRef::Integer(*number),
            Self::Bool(Some(is)) => ValueRef::Integer(i64::from(*is)),
            Self::Bytes(bytes) => ValueRef::Blob(bytes),
            Self::Json(json) => ValueRef::Text(json.get().as_bytes()),
            Self::Text(None) | Self::Int(None) | Self::Bool(None) => ValueRef::Null,
        };
        Ok(ToSqlOutput::Borrowed(value))
    }
}
