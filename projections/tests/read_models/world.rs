//! A database whose read models the tests fill without a ledger.

use std::{
    path::PathBuf,
    sync::atomic::{AtomicU32, Ordering},
};

use aggregates::{Event, Recorded, values::Timestamp};
use projections::{
    read_models::{READ_MODELS, apply},
    rebuild::digest,
    sql::{Db, Options, sql},
};
use uuid::Uuid;

pub(crate) use crate::events::*;
use crate::postgres::{Cluster, Database};

/// The text of all migrations for an engine, in their order.
fn migrations(engine: &str) -> String {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../migrations")
        .join(engine);
    let entries = std::fs::read_dir(folder).expect("the migrations are beside this crate");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("a file").path()).collect();
    files.sort();
    let texts = files.iter().map(std::fs::read_to_string);
    texts.collect::<Result<_, _>>().expect("migrations are text")
}

/// The time at which the tests ask.
pub(crate) const NOW: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Engine {
    Sqlite,
    Postgres,
}

/// Where the data is. Dropping this value deletes the data.
#[derive(Debug)]
enum Home {
    Folder(PathBuf),
    Database(Database),
}

impl Drop for Home {
    fn drop(&mut self) {
        if let Self::Folder(folder) = self {
            let _ = std::fs::remove_dir_all(folder);
        }
    }
}

/// The read models, and the position that they have reached.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) db: Db,
    position: i64,
    home: Home,
}

impl World {
    pub(crate) async fn new(engine: Engine) -> Self {
        let (home, url, script) = match engine {
            Engine::Sqlite => {
                let folder = folder();
                let url = format!("sqlite:{}", folder.join("live.sqlite").display());
                (Home::Folder(folder), url, migrations("sqlite"))
            }
            Engine::Postgres => {
                let database = Cluster::shared().create_database();
                let url = database.url.clone();
                (Home::Database(database), url, migrations("postgres"))
            }
        };
        let db = Db::open(&url, &Options::default())
            .await
            .expect("the database should open");
        db.script(&script).await.expect("the migration should run");
        Self {
            db,
            position: 0,
            home,
        }
    }

    /// Where a shadow of this database may be.
    pub(crate) fn shadow_url(&self) -> String {
        match &self.home {
            Home::Folder(folder) => format!("sqlite:{}", folder.join("shadow.sqlite").display()),
            Home::Database(database) => database.url.clone(),
        }
    }

    /// Applies these events as one batch.
    pub(crate) async fn record(&mut self, events: Vec<(Uuid, Event)>) -> Vec<Recorded> {
        let recorded = self.at_next_positions(events);
        self.apply(&recorded).await;
        recorded
    }

    /// Gives events their positions without applying them.
    pub(crate) fn at_next_positions(&mut self, events: Vec<(Uuid, Event)>) -> Vec<Recorded> {
        let events = events.into_iter().map(|(id, event)| {
            self.position += 1;
            recorded(self.position, id, event)
        });
        events.collect()
    }

    pub(crate) async fn apply(&self, events: &[Recorded]) {
        let mut tx = self.db.begin().await.expect("a transaction should begin");
        apply(&mut tx, events).await.expect("the events should be taken");
        tx.commit().await.expect("the transaction should commit");
    }

    /// Empties every table.
    pub(crate) async fn clear(&self) {
        for table in READ_MODELS.tables() {
            self.db
                .execute(sql(format!("DELETE FROM {}", table.name)))
                .await
                .expect("rows should go");
        }
    }

    /// The digest of every table.
    pub(crate) async fn digests(&self) -> Vec<(&'static str, [u8; 32])> {
        let mut tx = self.db.snapshot().await.expect("a snapshot should begin");
        let mut digests = Vec::new();
        for table in READ_MODELS.tables() {
            digests.push((
                table.name,
                digest(&mut tx, &table).await.expect("a table should be read"),
            ));
        }
        digests
    }

    /// How many rows a table has.
    pub(crate) async fn count(&self, table: &str) -> i64 {
        let rows = self
            .db
            .all(sql(format!("SELECT COUNT(*) FROM {table}")))
            .await
            .expect("a table should be read");
        rows.first()
            .expect("a count is a row")
            .int(0)
            .expect("a count is a number")
    }
}

fn folder() -> PathBuf {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let name = format!(
        "muniment-read-models-{}-{}",
        std::process::id(),
        NEXT.fetch_add(1, Ordering::Relaxed)
    );
    let folder = std::env::temp_dir().join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir(&folder).expect("a folder should be made");
    folder
}

/// Makes one test per engine from each of these tests: `NAME::sqlite` and `NAME::postgres`, each with read models of
/// its own.
macro_rules! both_engines {
    ($(async fn $name:ident($($world:tt)+) $body:block)*) => {$(
        mod $name {
            use super::*;

            async fn scenario($($world)+: crate::world::World) $body

            #[tokio::test]
            async fn sqlite() {
                scenario(crate::world::World::new(crate::world::Engine::Sqlite).await).await;
            }

            #[tokio::test]
            async fn postgres() {
                scenario(crate::world::World::new(crate::world::Engine::Postgres).await).await;
            }
        }
    )*};
}
pub(crate) use both_engines;
