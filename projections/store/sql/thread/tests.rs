//! The thread on real files.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Instant,
};

use futures_util::future::join_all;
use proptest::prelude::*;
use tempfile::TempDir;

use super::{super::*, *};
use crate::store::{Kind, Merge, Table};

const THINGS: Table = Table {
    name: "things",
    columns: &[
        ("id", Kind::Text),
        ("owner", Kind::Text),
        ("uses", Kind::Int),
        ("note", Kind::TextOrNull),
        ("is_open", Kind::Bool),
        ("body", Kind::Bytes),
    ],
    key: &["id", "owner"],
};

const SCHEMA: &str = "CREATE TABLE things (id TEXT NOT NULL, owner TEXT NOT NULL, uses BIGINT NOT NULL CHECK (uses > -1000), \
     note TEXT, is_open BOOLEAN NOT NULL, body BLOB NOT NULL, PRIMARY KEY (id, owner)) WITHOUT ROWID; \
     CREATE INDEX things_by_owner ON things (owner, uses); \
     CREATE TABLE head (id INTEGER PRIMARY KEY, position BIGINT NOT NULL); \
     INSERT INTO head VALUES (1, 0)";

/// A database in a folder of its own. The thread and the pools use it at once.
struct Stage {
    folder: TempDir,
    db: Db,
}

impl Stage {
    async fn new(patience: Duration) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = Options {
            patience,
            ..Options::default()
        };
        let url = format!("sqlite:{}", folder.path().join("db").display());
        let db = Db::open(&url, &options).await.unwrap();
        db.script(SCHEMA).await.unwrap();
        Self { folder, db }
    }

    /// A database that only the thread will use.
    fn closed() -> (TempDir, Place) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("db");
        let connection = rusqlite::Connection::open(&path).unwrap();
        let script = format!("PRAGMA journal_mode = WAL; {SCHEMA}");
        connection.execute_batch(&script).unwrap();
        connection.close().unwrap();
        assert_eq!(
            fs::read_dir(folder.path()).unwrap().count(),
            1,
            "the log is still there"
        );
        let place = Place {
            file: File::at(&path),
            patience: PATIENT,
            limits: Limits::SERVER,
        };
        (folder, place)
    }

    fn place(&self, limits: Limits) -> Place {
        Place {
            file: File::at(&self.file()),
            patience: PATIENT,
            limits,
        }
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("db")
    }

    /// The bytes of the log's file, which shrinks only when the log begins again.
    fn size_of_log(&self) -> u64 {
        fs::metadata(self.folder.path().join("db-wal")).unwrap().len()
    }

    fn thread(&self) -> SqliteThread {
        SqliteThread::start(&self.db).unwrap()
    }

    /// All rows, as SQL literals, so that types show.
    async fn rows(&self) -> Vec<String> {
        let select = "SELECT quote(id) || ' ' || quote(owner) || ' ' || quote(uses) || ' ' || quote(note) || ' ' || \
             quote(is_open) || ' ' || quote(body) FROM things UNION ALL SELECT 'head ' || position FROM head ORDER BY 1";
        let rows = self.db.all(sql(select)).await.unwrap();
        rows.iter().map(|row| row.text(0).unwrap()).collect()
    }
}

/// A time that is longer than any test.
const PATIENT: Duration = Duration::from_secs(60);

/// A batch that moves the head from one position to another.
fn job(from: i64, to: i64, writes: Writes<'static>) -> Job {
    let compare = sql("UPDATE head SET position = $2 WHERE id = 1 AND position = $1");
    Job {
        compare: compare.bind(from).bind(to),
        writes,
    }
}

type Values = Vec<Argument<'static>>;

fn row(id: &str, owner: &str, uses: i64) -> Values {
    let body = vec![0_u8, 255];
    vec![
        id.to_owned().into(),
        owner.to_owned().into(),
        uses.into(),
        None::<String>.into(),
        true.into(),
        body.into(),
    ]
}

fn key(parts: &[&str]) -> Values {
    parts.iter().map(|part| (*part).to_owned().into()).collect()
}

fn put(rows: Vec<Values>, merge: Merge) -> Writes<'static> {
    let mut writes = Writes::default();
    writes.put(THINGS, rows, merge);
    writes
}

fn failed(landed: Result<bool, LandError>) -> String {
    match landed {
        Err(LandError::Failed(text)) => text,
        other => panic!("{other:?}"),
    }
}

fn is_busy(landed: &Result<bool, LandError>) -> bool {
    matches!(landed, Err(LandError::Busy))
}

#[tokio::test]
async fn each_kind_of_value_is_stored() {
    let stage = Stage::new(PATIENT).await;
    let thread = stage.thread();
    let all = vec![
        "it's".to_owned().into(),
        String::new().into(),
        i64::MAX.into(),
        "{\"a\": 1}".to_owned().into(),
        false.into(),
        Vec::<u8>::new().into(),
    ];
    let writes = put(vec![all, row("b", "é\u{1F600}", -5)], Merge::New);
    assert!(thread.land(job(0, 1, writes)).await.unwrap());
    assert_eq!(
        stage.rows().await,
        [
            "'b' 'é\u{1F600}' -5 NULL 1 X'00FF'",
            "'it''s' '' 9223372036854775807 '{\"a\": 1}' 0 X''",
            "head 1"
        ]
    );
}

#[tokio::test]
async fn rows_replace_and_add() {
    let stage = Stage::new(PATIENT).await;
    let thread = stage.thread();
    let first = put(vec![row("a", "x", 1), row("b", "x", 1)], Merge::New);
    assert!(thread.land(job(0, 1, first)).await.unwrap());
    let mut second = put(vec![row("a", "x", 10), row("c", "x", 3)], Merge::Replace);
    second.put(
        THINGS,
        vec![row("b", "x", 10), row("b", "x", 10), row("d", "x", 4)],
        Merge::Add("uses"),
    );
    assert!(thread.land(job(1, 2, second)).await.unwrap());
    assert_eq!(
        stage.rows().await,
        [
            "'a' 'x' 10 NULL 1 X'00FF'",
            "'b' 'x' 21 NULL 1 X'00FF'",
            "'c' 'x' 3 NULL 1 X'00FF'",
            "'d' 'x' 4 NULL 1 X'00FF'",
            "head 2"
        ]
    );
}

#[tokio::test]
async fn rows_go_by_key_by_set_and_when_they_count_nothing() {
    let stage = Stage::new(PATIENT).await;
    let thread = stage.thread();
    let things = ["a", "b", "c", "d"].map(|id| row(id, "x", 0));
    let mut rows = Vec::from(things);
    rows.extend([row("e", "y", 0), row("f", "y", 0), row("g", "x", 7)]);
    assert!(thread.land(job(0, 1, put(rows, Merge::New))).await.unwrap());
    let mut writes = Writes::default();
    writes.delete(THINGS, &["id", "owner"], vec![key(&["a", "x"]), key(&["e", "x"])]);
    writes.delete(THINGS, &["owner"], vec![key(&["y"]), key(&["z"])]);
    let counted = vec![key(&["b", "x"]), key(&["g", "x"])];
    writes.delete_empty(THINGS, counted, "uses");
    assert!(thread.land(job(1, 2, writes)).await.unwrap());
    assert_eq!(
        stage.rows().await,
        [
            "'c' 'x' 0 NULL 1 X'00FF'",
            "'d' 'x' 0 NULL 1 X'00FF'",
            "'g' 'x' 7 NULL 1 X'00FF'",
            "head 2"
        ]
    );
}

#[tokio::test]
async fn steps_run_in_their_order() {
    let stage = Stage::new(PATIENT).await;
    let thread = stage.thread();
    let mut writes = put(vec![row("a", "x", 1)], Merge::New);
    writes.delete(THINGS, &["owner"], vec![key(&["x"])]);
    writes.put(THINGS, vec![row("a", "x", 2)], Merge::New);
    assert!(thread.land(job(0, 1, writes)).await.unwrap());
    assert_eq!(stage.rows().await, ["'a' 'x' 2 NULL 1 X'00FF'", "head 1"]);
}

#[tokio::test]
async fn a_comparison_that_fails_leaves_nothing() {
    let stage = Stage::new(PATIENT).await;
    let thread = stage.thread();
    let landed = thread
        .land(job(7, 8, put(vec![row("a", "x", 1)], Merge::New)))
        .await;
    assert!(!landed.unwrap());
    assert_eq!(stage.rows().await, ["head 0"]);
    // The write lock is free, for others and for this thread.
    stage.db.begin().await.unwrap().commit().await.unwrap();
    assert!(thread.land(job(0, 1, Writes::default())).await.unwrap());
}

#[tokio::test]
async fn a_comparison_of_several_rows_is_refused() {
    let stage = Stage::new(PATIENT).await;
    let thread = stage.thread();
    stage.db.script("INSERT INTO head VALUES (2, 0)").await.unwrap();
    let both = Job {
        compare: sql("UPDATE head SET position = position + 1"),
        writes: Writes::default(),
    };
    failed(thread.land(both).await);
    assert_eq!(stage.rows().await, ["head 0", "head 0"]);
}

#[tokio::test]
async fn a_comparison_needs_all_its_arguments() {
    let stage = Stage::new(PATIENT).await;
    let thread = stage.thread();
    let short = Job {
        compare: sql("UPDATE head SET position = $2 WHERE position = $1").bind(0),
        writes: Writes::default(),
    };
    failed(thread.land(short).await);
    let twice = Job {
        compare: sql("UPDATE head SET position = $1 + 5 WHERE position < $1").bind(1),
        writes: Writes::default(),
    };
    assert!(thread.land(twice).await.unwrap());
    assert_eq!(stage.rows().await, ["head 6"]);
}

#[tokio::test]
async fn an_error_in_the_middle_leaves_nothing() {
    let stage = Stage::new(PATIENT).await;
    let thread = stage.thread();
    assert!(
        thread
            .land(job(0, 1, put(vec![row("a", "x", 1)], Merge::New)))
            .await
            .unwrap()
    );
    let mut writes = put(vec![row("b", "x", 1)], Merge::New);
    writes.delete(THINGS, &["id", "owner"], vec![key(&["a", "x"])]);
    writes.put(THINGS, vec![row("c", "x", 1), row("b", "x", 2)], Merge::New);
    writes.put(THINGS, vec![row("d", "x", 1)], Merge::New);
    let text = failed(thread.land(job(1, 2, writes)).await);
    assert!(text.contains("things.id, things.owner"), "{text}");
    assert_eq!(stage.rows().await, ["'a' 'x' 1 NULL 1 X'00FF'", "head 1"]);
    assert!(
        thread
            .land(job(1, 2, put(vec![row("b", "x", 1)], Merge::New)))
            .await
            .unwrap()
    );
}

#[tokio::test]
async fn errors_contain_no_values() {
    let stage = Stage::new(PATIENT).await;
    let thread = stage.thread();
    let others = "CREATE TABLE numbers (id TEXT NOT NULL, n INTEGER NOT NULL) STRICT; \
         CREATE TABLE papers (id TEXT PRIMARY KEY, body TEXT NOT NULL); \
         CREATE INDEX papers_by_name ON papers (body ->> 'name')";
    stage.db.script(others).await.unwrap();
    const SECRET: &str = "55378008";
    let secret = || SECRET.to_owned().into();
    fn table(name: &'static str, columns: &'static [(&'static str, Kind)]) -> Table {
        Table {
            name,
            columns,
            key: &["id"],
        }
    }
    let numbers = table("numbers", &[("id", Kind::Text), ("n", Kind::Int)]);
    let papers = table("papers", &[("id", Kind::Text), ("body", Kind::Text)]);
    let absent = table("absent", &[("id", Kind::Text), ("body", Kind::Text)]);
    let narrow = table("papers", &[("id", Kind::Text), ("title", Kind::Text)]);
    let word: Argument<'static> = format!("{SECRET}!").into();
    let cases: [(Table, Vec<Values>); 8] = [
        (THINGS, vec![row(SECRET, "x", 1), row(SECRET, "x", 1)]),
        (THINGS, vec![row("a", "x", -55_378_008)]),
        (numbers, vec![vec![secret(), None::<i64>.into()]]),
        (numbers, vec![vec![secret(), word]]),
        (papers, vec![vec![secret(), format!("{{{SECRET}").into()]]),
        (absent, vec![vec![secret(), secret()]]),
        (narrow, vec![vec![secret(), secret()]]),
        (papers, vec![vec![secret()]]),
    ];
    let before = stage.rows().await;
    for (table, rows) in cases {
        let mut writes = Writes::default();
        writes.put(table, rows, Merge::New);
        let text = failed(thread.land(job(0, 1, writes)).await);
        assert!(!text.is_empty() && !text.contains(SECRET), "{text}");
    }
    assert_eq!(stage.rows().await, before);
}

#[tokio::test]
async fn a_writer_elsewhere_makes_the_thread_busy_but_not_for_long() {
    let stage = Stage::new(Duration::from_millis(300)).await;
    let thread = stage.thread();
    let held = stage.db.begin().await.unwrap();
    let begun = Instant::now();
    let landed = thread.land(job(0, 1, Writes::default())).await;
    let waited = begun.elapsed();
    assert!(is_busy(&landed), "{landed:?}");
    assert!(
        waited >= Duration::from_millis(250) && waited < Duration::from_secs(5),
        "{waited:?}"
    );
    held.commit().await.unwrap();
    assert!(thread.land(job(0, 1, Writes::default())).await.unwrap());
}

#[tokio::test]
async fn a_writer_elsewhere_is_waited_for() {
    let stage = Stage::new(PATIENT).await;
    let thread = stage.thread();
    let mut held = stage.db.begin().await.unwrap();
    let release = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        held.execute(sql("UPDATE head SET position = 5")).await.unwrap();
        held.commit().await.unwrap();
    };
    let (landed, ()) = futures_util::future::join(thread.land(job(5, 6, Writes::default())), release).await;
    assert!(landed.unwrap());
    assert_eq!(stage.rows().await, ["head 6"]);
}

#[tokio::test]
async fn batches_land_in_the_order_of_the_calls() {
    let stage = Stage::new(PATIENT).await;
    let thread = stage.thread();
    let one = |n: i64| put(vec![row(&n.to_string(), "x", n)], Merge::New);
    let landings = (0..300).map(|n| thread.land(job(n, n + 1, one(n))));
    let landed: Vec<bool> = join_all(landings).await.into_iter().map(Result::unwrap).collect();
    assert!(landed.iter().all(|landed| *landed));
    assert_eq!(stage.rows().await.len(), 301);
}

#[tokio::test]
async fn a_batch_lands_although_its_caller_has_gone() {
    let stage = Stage::new(PATIENT).await;
    let thread = stage.thread();
    // The thread cannot answer while another connection holds the lock.
    let held = stage.db.begin().await.unwrap();
    let landing = thread.land(job(0, 1, Writes::default()));
    assert!(
        tokio::time::timeout(Duration::from_millis(20), landing)
            .await
            .is_err()
    );
    held.commit().await.unwrap();
    thread.close().await;
    assert_eq!(stage.rows().await, ["head 1"]);
}

#[tokio::test]
async fn the_thread_follows_a_changed_schema() {
    let stage = Stage::new(PATIENT).await;
    let thread = stage.thread();
    assert!(
        thread
            .land(job(0, 1, put(vec![row("a", "x", 1)], Merge::New)))
            .await
            .unwrap()
    );
    let swap = "ALTER TABLE things RENAME TO older; \
         CREATE TABLE things (id TEXT, owner TEXT, more TEXT DEFAULT 'new', uses BIGINT, note TEXT, is_open BOOLEAN, \
         body BLOB, PRIMARY KEY (id, owner))";
    stage.db.script(swap).await.unwrap();
    assert!(
        thread
            .land(job(1, 2, put(vec![row("a", "x", 1)], Merge::New)))
            .await
            .unwrap()
    );
    let more = stage.db.all(sql("SELECT more FROM things")).await.unwrap();
    assert_eq!(more.len(), 1);
    assert_eq!(more[0].text(0).unwrap(), "new");
}

#[tokio::test]
async fn closing_waits_until_the_connections_are_closed() {
    let (folder, place) = Stage::closed();
    let log = folder.path().join("db-wal");
    let thread = SqliteThread::at(place);
    assert!(thread.land(job(0, 1, Writes::default())).await.unwrap());
    assert!(log.exists());
    thread.close().await;
    // The last connection that closes removes the log.
    assert!(!log.exists());
}

#[tokio::test]
async fn the_settings_are_those_of_the_pools() {
    let stage = Stage::new(Duration::from_secs(7)).await;
    let place = Place {
        patience: Duration::from_secs(7),
        ..stage.place(Limits::SERVER)
    };
    let own = place.open().unwrap();
    let mode: String = own
        .query_row("PRAGMA journal_mode", [], |row| row.get(0))
        .unwrap();
    assert_eq!(mode, "wal");
    let names = [
        "synchronous",
        "foreign_keys",
        "busy_timeout",
        "mmap_size",
        "temp_store",
        "auto_vacuum",
    ];
    // The connections that read share a cache of this size.
    let cache: i64 = own.query_row("PRAGMA cache_size", [], |row| row.get(0)).unwrap();
    assert_eq!(cache, -65_536);
    for name in names {
        let pragma = format!("PRAGMA {name}");
        let ours: i64 = own.query_row(&pragma, [], |row| row.get(0)).unwrap();
        let theirs = stage.db.all(sql(pragma)).await.unwrap();
        assert_eq!(ours, theirs[0].int(0).unwrap(), "{name}");
    }
}

/// `.cargo/config.toml` says how. A commit then waits for less, and connections do not wait for each other's memory.
#[test]
fn sqlite_is_compiled_as_we_want_it() {
    let connection = rusqlite::Connection::open_in_memory().unwrap();
    let mut options = connection.prepare("PRAGMA compile_options").unwrap();
    let options = options.query_map([], |row| row.get::<_, String>(0)).unwrap();
    let options: Vec<_> = options.map(Result::unwrap).collect();
    assert!(options.contains(&"DEFAULT_MEMSTATUS=0".to_owned()), "{options:?}");
    assert!(
        !options.contains(&"ENABLE_MEMORY_MANAGEMENT".to_owned()),
        "{options:?}"
    );
}

#[tokio::test]
async fn a_file_that_has_gone_is_an_error() {
    let (folder, place) = Stage::closed();
    let (file, away) = (place.file.path.clone(), folder.path().join("away"));
    let thread = SqliteThread::at(place);
    assert!(thread.land(job(0, 1, Writes::default())).await.unwrap());
    fs::rename(&file, &away).unwrap();
    failed(thread.land(job(1, 2, Writes::default())).await);
    assert!(!file.exists(), "the thread made a new file");
    fs::rename(&away, &file).unwrap();
    assert!(thread.land(job(1, 2, Writes::default())).await.unwrap());
}

#[tokio::test]
async fn nothing_is_written_after_the_file_was_exchanged() {
    let (folder, place) = Stage::closed();
    let (file, copy) = (place.file.path.clone(), folder.path().join("copy"));
    fs::copy(&file, &copy).unwrap();
    let thread = SqliteThread::at(place);
    assert!(thread.land(job(0, 1, Writes::default())).await.unwrap());
    fs::rename(&copy, &file).unwrap();
    failed(thread.land(job(0, 1, Writes::default())).await);
    failed(thread.land(job(1, 2, Writes::default())).await);
}

#[test]
fn a_full_disk_fails_the_batch_and_no_later_one() {
    let (_folder, place) = Stage::closed();
    let landing = Landing::open(&place).unwrap();
    let full = "PRAGMA max_page_count = 20";
    landing.connection().execute_batch(full).unwrap();
    let mut kept = Some(landing);
    let large = || {
        let mut large = row("a", "x", 1);
        large[5] = vec![1_u8; 1_000_000].into();
        job(0, 1, put(vec![row("b", "x", 1), large], Merge::New))
    };
    match land(&place, &mut kept, &large()) {
        Err(LandError::Failed(text)) => assert!(text.contains("full"), "{text}"),
        other => panic!("{other:?}"),
    }
    // The next batch gets a new connection, which has no such limit.
    assert!(kept.is_none());
    assert!(land(&place, &mut kept, &large()).unwrap().is_some());
}

/// Overwrites bytes of a file.
fn overwrite(file: &Path, from: usize, bytes: &[u8]) {
    let mut content = fs::read(file).unwrap();
    content[from..from + bytes.len()].copy_from_slice(bytes);
    fs::write(file, content).unwrap();
}

#[tokio::test]
async fn a_file_that_may_not_be_written_is_an_error() {
    let (_folder, place) = Stage::closed();
    // The file says that only a later version of SQLite can write it. (Permissions do not stop root.)
    overwrite(&place.file.path, 18, &[3]);
    let thread = SqliteThread::at(place.clone());
    let text = failed(thread.land(job(0, 1, Writes::default())).await);
    assert!(text.contains("readonly"), "{text}");
    overwrite(&place.file.path, 18, &[2]);
    assert!(thread.land(job(0, 1, Writes::default())).await.unwrap());
}

#[tokio::test]
async fn a_damaged_page_is_an_error() {
    let (_folder, place) = Stage::closed();
    // All pages after the first, which has the schema.
    let rest = fs::read(&place.file.path).unwrap().len() - 4_096;
    overwrite(&place.file.path, 4_096, &vec![0xAA; rest]);
    let thread = SqliteThread::at(place);
    let text = failed(thread.land(job(0, 1, Writes::default())).await);
    assert!(text.contains("malformed"), "{text}");
}

#[tokio::test]
async fn a_file_of_another_kind_is_an_error() {
    let (_folder, place) = Stage::closed();
    overwrite(&place.file.path, 0, b"Not a database of SQLite");
    let thread = SqliteThread::at(place);
    let text = failed(thread.land(job(0, 1, Writes::default())).await);
    assert!(text.contains("not a database"), "{text}");
}

#[tokio::test]
async fn only_sqlite_has_such_a_thread() {
    let options = sqlx::postgres::PgConnectOptions::new_without_pgpass();
    let db = Db::Postgres(Servers::only(sqlx::PgPool::connect_lazy_with(options)));
    assert!(SqliteThread::start(&db).is_none());
}

#[tokio::test]
async fn a_file_that_does_not_exist_is_not_made() {
    let folder = tempfile::tempdir().unwrap();
    let thread = SqliteThread::at(Place {
        file: File::at(&folder.path().join("absent")),
        patience: PATIENT,
        limits: Limits::SERVER,
    });
    failed(thread.land(job(0, 1, Writes::default())).await);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

/// Checkpoints that come often, for tests.
const SHORT: Limits = Limits {
    every: 100,
    few: 20,
    passes: 2,
    most_at_once: 300,
    kept: 200,
    most: 400,
    wait: Duration::from_millis(20),
};

/// A batch of 50 rows in many pages.
fn scattered(n: i64) -> Job {
    let id = |at: i64| format!("{:04}-{}", (n * 7_919 + at * 104_729) % 10_000, "x".repeat(100));
    let rows = (0..50).map(|at| row(&id(at), "x", n)).collect();
    job(n, n + 1, put(rows, Merge::Replace))
}

#[tokio::test]
async fn the_log_begins_again_and_again() {
    let stage = Stage::new(PATIENT).await;
    let thread = SqliteThread::at(stage.place(SHORT));
    for n in 0..300 {
        assert!(thread.land(scattered(n)).await.unwrap());
    }
    let log = stage.size_of_log();
    assert!(log < 5_000 * 4_120, "{log} bytes");
    thread.close().await;
    let whole = stage.db.all(sql("PRAGMA integrity_check")).await.unwrap();
    assert_eq!(whole[0].text(0).unwrap(), "ok");
}

#[tokio::test]
async fn a_reader_keeps_the_log_but_does_not_stop_the_writer() {
    let stage = Stage::new(PATIENT).await;
    let thread = SqliteThread::at(stage.place(SHORT));
    assert!(thread.land(scattered(0)).await.unwrap());
    let mut reader = stage.db.snapshot().await.unwrap();
    let count = || sql("SELECT SUM(uses) FROM things");
    let before = reader.all(count()).await.unwrap()[0].int(0).unwrap();
    let begun = Instant::now();
    for n in 1..100 {
        assert!(thread.land(scattered(n)).await.unwrap());
    }
    assert!(begun.elapsed() < PATIENT, "the writer waited for the reader");
    // The log is much longer than the limit above which the writer waits.
    let held = stage.size_of_log();
    assert!(held > 1_000 * 4_120, "{held} bytes");
    assert_eq!(reader.all(count()).await.unwrap()[0].int(0).unwrap(), before);
    drop(reader);
    let begun = Instant::now();
    let mut n = 100;
    // The file shrinks when the log begins again.
    while stage.size_of_log() > 800 * 4_120 {
        assert!(begun.elapsed() < PATIENT, "the log does not begin again");
        assert!(thread.land(scattered(n)).await.unwrap());
        n += 1;
    }
}

#[tokio::test]
async fn the_writer_waits_for_few_pages_only() {
    let (_folder, place) = Stage::closed();
    let place = Place {
        limits: SHORT,
        ..place
    };
    let landing = Landing::open(&place).unwrap();
    let mut checkpoints = Checkpoints::start(&place);
    for n in 0..500 {
        let pages = landing.land(&scattered(n)).unwrap().unwrap();
        checkpoints.wrote(pages, &landing);
    }
    let stop = checkpoints.end();
    // The limit is about estimates. A row of this table may change three pages.
    assert!(stop > 0 && stop <= 2 * SHORT.most_at_once, "{stop}");
}

#[tokio::test]
async fn no_connection_makes_checkpoints_by_itself() {
    let stage = Stage::new(PATIENT).await;
    let setting = || sql("PRAGMA wal_autocheckpoint");
    let mut found = Vec::new();
    found.extend(stage.db.all(setting()).await.unwrap());
    found.extend(stage.db.begin().await.unwrap().all(setting()).await.unwrap());
    found.extend(stage.db.snapshot().await.unwrap().all(setting()).await.unwrap());
    found.extend(stage.db.reader().all(setting()).await.unwrap());
    let mut writer = stage.db.writer();
    found.extend(writer.begin().await.unwrap().all(setting()).await.unwrap());
    let own = stage.place(Limits::SERVER).open().unwrap();
    let of_the_threads: i64 = own
        .query_row("PRAGMA wal_autocheckpoint", [], |row| row.get(0))
        .unwrap();
    let found: Vec<_> = found.iter().map(|row| row.int(0).unwrap()).collect();
    assert_eq!((found, of_the_threads), (vec![0; 5], 0));
    // 5,000 pages: SQLite's own default is 1,000.
    let many = "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 5000) \
         INSERT INTO things SELECT n, 'x', 0, NULL, TRUE, randomblob(4000) FROM n";
    stage.db.script(many).await.unwrap();
    let mut counts = own.prepare("PRAGMA wal_checkpoint(PASSIVE)").unwrap();
    let main = fs::metadata(stage.file()).unwrap().len();
    assert!(main < 1_000_000, "a checkpoint copied {main} bytes");
    let copied: i64 = counts.query_row([], |row| row.get(2)).unwrap();
    assert!(copied >= 5_000, "{copied}");
}

#[tokio::test]
async fn the_log_stays_short_if_only_another_connection_writes() {
    let stage = Stage::new(PATIENT).await;
    let mut writer = stage.db.writer();
    writer.thread = Some(SqliteThread::at(stage.place(SHORT)));
    let mut longest = 0;
    for n in 0..300 {
        let mut tx = writer.begin().await.unwrap();
        let shrink = format!("PRAGMA journal_size_limit = {}", SHORT.kept_bytes());
        tx.all(sql(shrink)).await.unwrap();
        scattered(n).writes.run(&mut tx).await.unwrap();
        tx.commit().await.unwrap();
        longest = longest.max(stage.size_of_log() / 4_120);
    }
    assert!(longest > SHORT.kept && longest < 2_000, "{longest} pages");
    writer.close().await;
    let whole = stage.db.all(sql("PRAGMA integrity_check")).await.unwrap();
    assert_eq!(whole[0].text(0).unwrap(), "ok");
}

#[tokio::test]
async fn the_locks_of_the_pools_outlive_the_thread() {
    let stage = Stage::new(PATIENT).await;
    let thread = SqliteThread::at(stage.place(SHORT));
    for n in 0..20 {
        assert!(thread.land(scattered(n)).await.unwrap());
    }
    stage.db.all(sql("SELECT 1 FROM head")).await.unwrap();
    let inode = std::os::unix::fs::MetadataExt::ino(&fs::metadata(stage.file()).unwrap());
    let locks = || {
        let all = fs::read_to_string("/proc/locks").unwrap();
        all.lines()
            .filter(|line| line.contains(&format!(":{inode} ")))
            .count()
    };
    assert_eq!(locks(), 1);
    thread.close().await;
    assert_eq!(locks(), 1, "another process could remove the log");
}

/// What a step of a random batch does.
#[derive(Clone, Debug)]
enum Op {
    Put(Vec<(u8, u8, i64, Option<bool>)>, Merge),
    Delete(Vec<(u8, u8)>),
    DeleteSet(Vec<u8>),
    DeleteEmpty(Vec<(u8, u8)>),
}

fn ops() -> impl Strategy<Value = Vec<Vec<Op>>> {
    let key = || (0..6_u8, 0..3_u8);
    let keys = move || prop::collection::vec(key(), 1..20);
    let rows = move || {
        let row = (0..6_u8, 0..3_u8, -2..3_i64, any::<Option<bool>>());
        prop::collection::vec(row, 1..20)
    };
    let op = prop_oneof![
        4 => (rows(), prop_oneof![Just(Merge::Replace), Just(Merge::Add("uses"))])
            .prop_map(|(rows, merge)| Op::Put(rows, merge)),
        1 => rows().prop_map(|rows| Op::Put(rows.into_iter().take(1).collect(), Merge::New)),
        2 => keys().prop_map(Op::Delete),
        1 => prop::collection::vec(0..3_u8, 1..3).prop_map(Op::DeleteSet),
        2 => keys().prop_map(Op::DeleteEmpty),
    ];
    prop::collection::vec(prop::collection::vec(op, 0..5), 1..8)
}

fn writes(ops: &[Op]) -> Writes<'static> {
    let mut writes = Writes::default();
    let keys = |keys: &[(u8, u8)]| {
        let texts = keys
            .iter()
            .map(|(id, owner)| key(&[&id.to_string(), &owner.to_string()]));
        texts.collect::<Vec<_>>()
    };
    for op in ops {
        match op {
            Op::Put(rows, merge) => {
                let rows = rows.iter().map(|(id, owner, uses, note)| {
                    let mut row = row(&id.to_string(), &owner.to_string(), *uses);
                    row[3] = note.map(|note| note.to_string()).into();
                    row
                });
                writes.put(THINGS, rows.collect(), *merge);
            }
            Op::Delete(some) => writes.delete(THINGS, &["id", "owner"], keys(some)),
            Op::DeleteSet(owners) => {
                let owners = owners.iter().map(|owner| key(&[&owner.to_string()]));
                writes.delete(THINGS, &["owner"], owners.collect());
            }
            Op::DeleteEmpty(some) => writes.delete_empty(THINGS, keys(some), "uses"),
        }
    }
    writes
}

async fn both_ways_write_the_same(batches: &[Vec<Op>]) {
    let (ours, theirs) = (Stage::new(PATIENT).await, Stage::new(PATIENT).await);
    let thread = ours.thread();
    let mut position = 0;
    for batch in batches {
        let landed = thread.land(job(position, position + 1, writes(batch))).await;
        let mut tx = theirs.db.begin().await.unwrap();
        let run = writes(batch).run(&mut tx).await;
        match run {
            Ok(()) => {
                let head = sql("UPDATE head SET position = position + 1");
                tx.execute(head).await.unwrap();
                tx.commit().await.unwrap();
                position += 1;
                assert!(landed.unwrap());
            }
            Err(_) => {
                drop(tx);
                failed(landed);
            }
        }
        assert_eq!(ours.rows().await, theirs.rows().await);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_thread_writes_what_a_transaction_of_sqlx_writes(batches in ops()) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(both_ways_write_the_same(&batches));
    }
}
