//! The files of the data folder: only one process may use a SQLite file, and only the owner may read it.

use std::{
    fs::{File, OpenOptions, Permissions, TryLockError},
    io::ErrorKind,
    os::unix::fs::PermissionsExt,
    path::Path,
    time::Duration,
};

use super::CliError;

/// The mode of a file that only its owner can read.
const PRIVATE: u32 = 0o600;

/// The lock. It is held until it is dropped or the process ends in any way.
pub(crate) struct FolderLock {
    _file: File,
}

/// How often the lock is tried. A command that looks may hold the lock for a moment.
const TRIES: u32 = 10;
/// The pause between two tries.
const PAUSE: Duration = Duration::from_millis(20);

/// Whether a process holds the lock of a data folder. Makes no file.
pub(crate) fn is_taken(folder: &Path) -> bool {
    match File::open(folder.join("lock")) {
        Ok(file) => matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)),
        // This account cannot open the lock. While a server runs, the file `-shm` exists.
        Err(error) if error.kind() == ErrorKind::PermissionDenied => folder.join("muniment.db-shm").exists(),
        Err(_) => false,
    }
}

/// The files in the data folder besides the keys. A key that others could read is disclosed, so it is refused instead.
const FILES: [&str; 5] = [
    "lock",
    "muniment.db",
    "muniment.db-journal",
    "muniment.db-shm",
    "muniment.db-wal",
];

/// Lets only the owner read the files that exist. An older version of the program, or a restored copy, may have left
/// them open.
fn hide(folder: &Path) -> std::io::Result<()> {
    for name in FILES {
        let path = folder.join(name);
        match std::fs::symlink_metadata(&path) {
            Ok(found) if found.is_file() && found.permissions().mode() & 0o777 != PRIVATE => {
                std::fs::set_permissions(&path, Permissions::from_mode(PRIVATE))?;
            }
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Takes the lock of a data folder, or says which process may hold it.
pub(crate) fn take(folder: &Path) -> Result<FolderLock, CliError> {
    let path = folder.join("lock");
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)?;
    let mut locked = file.try_lock();
    for _ in 1..TRIES {
        if !matches!(locked, Err(TryLockError::WouldBlock)) {
            break;
        }
        std::thread::sleep(PAUSE);
        locked = file.try_lock();
    }
    match locked {
        Ok(()) => {
            hide(folder)?;
            Ok(FolderLock { _file: file })
        }
        Err(TryLockError::WouldBlock) => Err(CliError::Other(format!(
            "another process uses {}: SQLite serves one process. Stop it, or use Postgres for several nodes \
             (MUNIMENT_DATABASE_URL)",
            folder.display()
        ))),
        Err(TryLockError::Error(error)) => Err(error.into()),
    }
}
