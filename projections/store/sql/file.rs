//! The file of a SQLite database, and whether it is still at its path.

use std::{
    fs,
    io::{self, ErrorKind},
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use super::{Db, Error};

/// Why nothing is written to a file that was moved or replaced.
pub(super) const REPLACED: &str = "the file of the database was moved or replaced while the server was running: put it back, or restart the server";

/// A file, as it was when the server opened it. SQLite writes to a deleted file without an error, and nobody would see these
/// rows again.
#[derive(Clone, Debug)]
pub(super) struct File {
    pub(super) path: PathBuf,
    /// The device and the inode.
    identity: Option<(u64, u64)>,
}

impl File {
    pub(super) fn at(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            identity: identity(path),
        }
    }

    /// The file of a database; `None` on Postgres.
    pub(super) fn of(db: &Db) -> Option<Self> {
        match db {
            Db::Postgres(_) => None,
            Db::Sqlite { writer, .. } => Some(Self::at(writer.connect_options().get_filename())),
        }
    }

    /// Whether the path still leads to the same file.
    pub(super) fn is_in_place(&self) -> bool {
        self.identity.is_some() && identity(&self.path) == self.identity
    }
}

/// The error for [`REPLACED`].
pub(super) fn replaced() -> Error {
    io::Error::new(ErrorKind::NotFound, REPLACED).into()
}

fn identity(path: &Path) -> Option<(u64, u64)> {
    let metadata = fs::metadata(path).ok()?;
    Some((metadata.dev(), metadata.ino()))
}
