//! The lock of the data folder: only one process may use a SQLite file.

use std::{
    fs::{File, OpenOptions, TryLockError},
    path::Path,
};

use super::CliError;

/// The lock. It is held until it is dropped or the process ends in any way.
pub(crate) struct FolderLock {
    _file: File,
}

/// Takes the lock of a data folder, or says which process may hold it.
pub(crate) fn take(folder: &Path) -> Result<FolderLock, CliError> {
    let path = folder.join("lock");
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)?;
    match file.try_lock() {
        Ok(()) => Ok(FolderLock { _file: file }),
        Err(TryLockError::WouldBlock) => Err(CliError::Other(format!(
            "another process uses {}: SQLite serves one process. Stop it, or use Postgres for several nodes \
             (MUNIMENT_DATABASE_URL)",
            folder.display()
        ))),
        Err(TryLockError::Error(error)) => Err(error.into()),
    }
}
