//! The schema that the binary carries.

use std::path::Path;

use ledger::migrations::{migrate, pending};

use super::site::Site;
use crate::support::server::Engine;

/// The numbers with which the names of the files in `migrations/ENGINE` begin, in order.
fn numbers(engine: &str) -> Vec<i64> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("migrations")
        .join(engine);
    let files = std::fs::read_dir(folder).expect("the folder of the migrations should be readable");
    let mut numbers: Vec<i64> = files
        .map(|file| {
            let name = file.expect("the folder should be readable").file_name();
            let name = name.to_string_lossy().into_owned();
            let number = name.split('_').next().and_then(|number| number.parse().ok());
            number.unwrap_or_else(|| panic!("{name} should begin with a number"))
        })
        .collect();
    numbers.sort_unstable();
    numbers
}

#[test]
fn each_way_back_forgets_its_own_migration() {
    for engine in ["sqlite", "postgres"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("migrations/back")
            .join(engine);
        let files = std::fs::read_dir(&folder).expect("the folder of the ways back should be readable");
        let mut read = 0;
        for file in files {
            let path = file.expect("the folder should be readable").path();
            let name = path
                .file_name()
                .map(|name| name.to_string_lossy().into_owned())
                .unwrap_or_default();
            let number: i64 = name
                .split('_')
                .next()
                .and_then(|number| number.parse().ok())
                .expect("a number");
            let script = std::fs::read_to_string(&path).expect("a script");
            let forgets = format!("DELETE FROM _sqlx_migrations WHERE version = {number};");
            assert!(script.contains(&forgets), "{engine}/{name}");
            read += 1;
        }
        assert!(read > 0, "{engine}");
    }
}

#[test]
fn both_engines_have_the_same_migrations_numbered_from_1() {
    let [sqlite, postgres] = [numbers("sqlite"), numbers("postgres")];
    assert_eq!(sqlite, postgres);
    let last = *sqlite.last().expect("there are migrations");
    let expected: Vec<i64> = (1..=last).collect();
    assert_eq!(sqlite, expected);
}

async fn a_database_gets_what_it_lacks(site: Site) {
    let db = site.db().await;
    assert_eq!(
        pending(&db).await.expect("an empty database can be asked"),
        numbers(db.engine())
    );
    migrate(&db).await.expect("an empty database can be migrated");
    assert_eq!(
        pending(&db).await.expect("a migrated database can be asked"),
        [0_i64; 0]
    );
    migrate(&db).await.expect("a migrated database stays as it is");
    site.must_be_sound(&site.ledger().await).await;
}

#[tokio::test]
async fn an_sqlite_database_gets_what_it_lacks() {
    a_database_gets_what_it_lacks(Site::unmigrated(Engine::Sqlite)).await;
}

#[tokio::test]
async fn a_postgres_database_gets_what_it_lacks() {
    a_database_gets_what_it_lacks(Site::unmigrated(Engine::Postgres)).await;
}

#[tokio::test]
async fn nodes_that_start_together_migrate_once() {
    let site = Site::unmigrated(Engine::Postgres);
    let (one, other) = tokio::join!(site.db(), site.db());
    let (first, second) = tokio::join!(migrate(&one), migrate(&other));
    first.expect("one migrates");
    second.expect("the other waits");
}
