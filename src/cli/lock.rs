//! One process a SQLite file: the data folder's lock.

use std::{
    fs::{File, OpenOptions, TryLockError},
    path::Path,
};

use super::CliError;

/// The lock, held until it is dropped or the process ends, however it ends.
pub(crate) struct FolderLock {
    _file: File,
}

/// Takes the lock of a data folder, or says what may hold it.
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
