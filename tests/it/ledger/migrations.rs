//! The schema that the binary carries.

use ledger::migrations::{migrate, pending};

use super::site::Site;
use crate::support::server::Engine;

async fn a_database_gets_what_it_lacks(site: Site) {
    let db = site.db().await;
    assert_eq!(
        pending(&db).await.expect("an empty database can be asked"),
        [1, 2, 3, 4, 5, 6, 7]
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
