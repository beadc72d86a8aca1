//! Opens a database only to read it. Nothing is written, not even a file beside the database.
//!
//! On SQLite, a reader normally writes: the file `-shm` holds the locks of the readers and an index of the write-ahead log, and a
//! reader makes both files if they are missing. If the folder belongs to another account, the server of that
//! account could then not open these files. So this module
//! uses these files only if a server is running, and has made them.

use std::{
    fs,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use sqlx::{
    Executor as _,
    postgres::{PgConnectOptions, PgPoolOptions},
    sqlite::{SqliteConnectOptions, SqliteLockingMode, SqlitePoolOptions},
};

use super::{
    Boxed, Db, Error, Options, Servers,
    connect::{BY_KEY, PRAGMAS},
};

/// After this statement, Postgres refuses everything that writes.
const READ_ONLY: &str = "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY";

/// A SQLite file that was opened while no server used it, as it was then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Still {
    file: PathBuf,
    /// The size and the time of the last change of the file and of its write-ahead log.
    stamps: [Option<(u64, i64, i64)>; 2],
}

impl Still {
    fn of(file: &Path) -> Self {
        let stamp = |path: &Path| {
            let metadata = fs::metadata(path).ok()?;
            Some((metadata.size(), metadata.mtime(), metadata.mtime_nsec()))
        };
        Self {
            file: file.to_owned(),
            stamps: [stamp(file), stamp(&log_of(file))],
        }
    }

    /// Whether the file and its write-ahead log are as they were. If not, a server has started, and what was read may be wrong.
    pub fn holds(&self) -> bool {
        *self == Self::of(&self.file)
    }
}

/// The write-ahead log of a SQLite file.
fn log_of(file: &Path) -> PathBuf {
    let mut log = file.as_os_str().to_owned();
    log.push("-wal");
    log.into()
}

impl Db {
    /// Opens a Postgres database to read it.
    pub fn look_at_postgres<'a>(url: &'a str, options: &'a Options) -> Boxed<'a, Result<Self, Error>> {
        Box::pin(async move {
            let adjust = |connect: PgConnectOptions| connect.application_name("muniment");
            let pool = PgPoolOptions::new()
                .max_connections(options.connections)
                .acquire_timeout(options.patience)
                .after_connect(|connection, _| {
                    Box::pin(async move {
                        connection.execute(READ_ONLY).await?;
                        // A service that only speaks the protocol of Postgres may not know these settings.
                        let _ = connection.execute(BY_KEY).await;
                        Ok(())
                    })
                });
            Ok(Self::Postgres(Servers::open(url, adjust, pool).await?))
        })
    }

    /// Opens a SQLite file to read it; `in_use` says whether a server is using it. If not, also returns how to notice that a server
    /// has started.
    pub fn look_at_sqlite<'a>(
        file: &'a Path,
        in_use: bool,
        options: &'a Options,
    ) -> Boxed<'a, Result<(Self, Option<Still>), Error>> {
        Box::pin(async move {
            let still = Still::of(file);
            let connect = PRAGMAS
                .into_iter()
                .fold(SqliteConnectOptions::new(), |connect, (name, value)| {
                    connect.pragma(name, value)
                })
                .filename(file)
                .read_only(true)
                .foreign_keys(false)
                .busy_timeout(options.patience)
                .row_buffer_size(1_024);
            let has_log = fs::metadata(log_of(file)).is_ok_and(|log| log.len() > 0);
            let connect = match (in_use, has_log) {
                (true, _) => connect,
                // A server was killed. Each connection makes an index of the log in its own memory, and takes no locks.
                (false, true) => connect
                    .vfs("unix-none")
                    .locking_mode(SqliteLockingMode::Exclusive),
                // Everything is in the file. Without this setting, SQLite would make a log.
                (false, false) => connect.immutable(true),
            };
            let pool = |connections| {
                SqlitePoolOptions::new()
                    .max_connections(connections)
                    .acquire_timeout(options.patience)
            };
            let readers = pool(options.connections).connect_with(connect.clone()).await?;
            // Nothing is written, so this pool stays empty.
            let writer = pool(1).connect_lazy_with(connect);
            Ok((Self::Sqlite { writer, readers }, (!in_use).then_some(still)))
        })
    }
}
