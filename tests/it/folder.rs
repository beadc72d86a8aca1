//! The data folder: only its owner can read what is in it.

use std::{
    collections::BTreeMap,
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
    path::Path,
};

use crate::support::server::{Engine, Site};

/// The modes of all files in a folder.
fn modes(folder: &Path) -> BTreeMap<String, u32> {
    let entries = fs::read_dir(folder).expect("the folder should be readable");
    let entries = entries.map(|entry| entry.expect("the folder should be readable"));
    let mode = |entry: &fs::DirEntry| entry.metadata().expect("a file").permissions().mode() & 0o777;
    entries
        .map(|entry| (entry.file_name().to_string_lossy().into_owned(), mode(&entry)))
        .collect()
}

fn open(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).expect("a mode can be set");
}

#[tokio::test]
async fn files_in_a_folder_that_existed_are_for_the_owner_alone() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let site = Site::new(engine);
        open(site.data(), 0o755);
        let server = site.start().await;
        let found = modes(server.site().data());
        let expected = if engine == Engine::Sqlite { 4 } else { 2 };
        assert!(
            found.len() >= expected && found.values().all(|mode| *mode == 0o600),
            "{found:?}"
        );
        let _ = server.terminate().await;
    }
}

#[tokio::test]
async fn files_that_existed_are_closed_again() {
    let server = Site::new(Engine::Sqlite).start().await;
    // After kill -9, the files of the write-ahead log are still there.
    let site = server.kill9().await;
    for name in modes(site.data())
        .into_keys()
        .filter(|name| name.starts_with("muniment.db") || name == "lock")
    {
        open(&site.data().join(name), 0o644);
    }
    assert!(modes(site.data()).values().filter(|mode| **mode == 0o644).count() >= 3);
    let server = site.start().await;
    let found = modes(server.site().data());
    assert!(found.values().all(|mode| *mode == 0o600), "{found:?}");
}
