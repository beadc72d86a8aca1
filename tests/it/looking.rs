//! `verify`, `events` and `doctor` only look. They write nothing, neither into the database nor into its folder.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::Path,
    process::Output,
    time::Duration,
};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    time::timeout,
};

use crate::support::{
    connectware::{create_user, user},
    database,
    outage::OwnCluster,
    postgres::user_id,
    server::{DATABASE_URL, Engine, Server, Site},
};

const COMMANDS: [&str; 3] = ["verify", "events", "doctor"];

fn said(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

/// Everything that a folder holds: for each file its content, mode, owner and time of change.
fn everything_in(folder: &Path) -> BTreeMap<String, (Vec<u8>, u32, u32, i64, i64)> {
    let entries = fs::read_dir(folder).expect("the folder should be readable");
    entries
        .map(|entry| {
            let entry = entry.expect("the folder should be readable");
            let metadata = entry.metadata().expect("a file");
            let content = fs::read(entry.path()).expect("a file");
            let state = (
                content,
                metadata.mode(),
                metadata.uid(),
                metadata.mtime(),
                metadata.mtime_nsec(),
            );
            (entry.file_name().to_string_lossy().into_owned(), state)
        })
        .collect()
}

/// All three commands succeed, and find so many events.
async fn all_succeed(site: &Site, events: i64) {
    for command in COMMANDS {
        must_succeed(command, &site.run(&[command]).await, events);
    }
}

fn must_succeed(command: &str, output: &Output, events: i64) {
    let said = said(output);
    assert!(output.status.success(), "{command}: {}: {said}", output.status);
    match command {
        "verify" => assert!(said.contains(&format!("{events} events verified")), "{said}"),
        "events" => {
            let last: Value = serde_json::from_str(said.lines().last().expect("events")).expect("JSON");
            assert_eq!(last["position"], json!(events), "{last}");
        }
        _ => assert!(
            said.contains(&format!("ledger: {events} events, the last at")),
            "{said}"
        ),
    }
}

/// All three commands fail, since there is no ledger.
async fn all_find_no_ledger(site: &Site) {
    for command in COMMANDS {
        let output = site.run(&[command]).await;
        assert!(!output.status.success(), "{command}: {}", said(&output));
        assert!(
            said(&output).contains("there is no ledger in"),
            "{command}: {}",
            said(&output)
        );
    }
}

/// A server with a user, and the position of its last event.
async fn server_with_a_user(site: Site) -> (Server, i64) {
    let server = site.start().await;
    let made = server
        .admin()
        .await
        .post("/api/users", user("ada", json!({})))
        .await;
    let last = made.expect(201).position();
    (server, last)
}

#[tokio::test]
async fn an_empty_folder_stays_empty() {
    let site = Site::new(Engine::Sqlite);
    all_find_no_ledger(&site).await;
    assert!(everything_in(site.data()).is_empty());
}

#[tokio::test]
async fn commands_that_need_a_ledger_make_none() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let site = Site::new(engine);
        for command in [
            &["ca", "show"][..],
            &["ca", "rollover"],
            &["kicks", "forget", "http://a"],
            &["rebuild"],
            &["rekey"],
        ] {
            let output = site.run(command).await;
            let said = said(&output);
            assert!(!output.status.success(), "{command:?}: {said}");
            assert!(said.contains("there is no ledger in"), "{command:?}: {said}");
        }
        assert!(everything_in(site.data()).is_empty());
    }
}

#[tokio::test]
async fn a_missing_folder_is_not_made() {
    let site = Site::new(Engine::Sqlite);
    let missing = site.data().join("not/there");
    let missing = missing.to_str().expect("a text");
    let elsewhere = site.clone().with("MUNIMENT_DATA_DIR", missing);
    all_find_no_ledger(&elsewhere).await;
    assert!(everything_in(site.data()).is_empty());
}

#[tokio::test]
async fn a_sqlite_file_without_tables_stays_as_it_is() {
    let site = Site::new(Engine::Sqlite);
    fs::write(site.data().join("muniment.db"), b"").expect("a file");
    let before = everything_in(site.data());
    all_find_no_ledger(&site).await;
    assert_eq!(everything_in(site.data()), before);
}

#[tokio::test]
async fn a_postgres_database_without_tables_stays_empty() {
    let site = Site::new(Engine::Postgres);
    all_find_no_ledger(&site).await;
    assert!(everything_in(site.data()).is_empty());
    let tables = "SELECT COUNT(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace";
    assert_eq!(database::open(&site).await.number(tables).await, 0);
}

#[tokio::test]
async fn a_migrated_database_without_a_ledger_stays_so() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let site = Site::new(engine);
        assert!(site.run(&["migrate"]).await.status.success());
        let before = everything_in(site.data());
        all_find_no_ledger(&site).await;
        assert_eq!(everything_in(site.data()), before);
        let heads = "SELECT COUNT(*) FROM ledger_head";
        assert_eq!(database::open(&site).await.number(heads).await, 0);
    }
}

#[tokio::test]
async fn a_folder_without_a_server_stays_as_it_is() {
    let (server, last) = server_with_a_user(Site::new(Engine::Sqlite)).await;
    let site = server.terminate().await;
    let before = everything_in(site.data());
    assert!(!before.contains_key("muniment.db-wal"));
    all_succeed(&site, last).await;
    assert!(everything_in(site.data()) == before, "a command wrote");
    site.start().await.admin().await;
}

#[tokio::test]
async fn what_a_killed_server_left_in_its_log_is_read_and_stays() {
    let (server, last) = server_with_a_user(Site::new(Engine::Sqlite)).await;
    let site = server.kill9().await;
    let before = everything_in(site.data());
    assert!(
        before
            .get("muniment.db-wal")
            .is_some_and(|(content, ..)| !content.is_empty())
    );
    all_succeed(&site, last).await;
    assert!(everything_in(site.data()) == before, "a command wrote");
    // A copy of the folder may lack the index.
    fs::remove_file(site.data().join("muniment.db-shm")).expect("an index");
    all_succeed(&site, last).await;
    assert!(!site.data().join("muniment.db-shm").exists());
    let server = site.start().await;
    create_user(&server.admin().await, "grace").await;
}

#[tokio::test]
async fn a_running_server_is_looked_at_and_goes_on() {
    let (server, last) = server_with_a_user(Site::new(Engine::Sqlite)).await;
    let names = |site: &Site| everything_in(site.data()).into_keys().collect::<Vec<_>>();
    let before = names(server.site());
    all_succeed(server.site(), last).await;
    assert_eq!(names(server.site()), before);
    create_user(&server.admin().await, "grace").await;
    let site = server.restart().await.terminate().await;
    assert!(!site.data().join("muniment.db-wal").exists());
}

#[tokio::test]
async fn events_are_followed_while_servers_start_and_end() {
    let (server, mut last) = server_with_a_user(Site::new(Engine::Sqlite)).await;
    let mut site = server.terminate().await;
    let mut follower = site.spawn(&["events", "--follow", "--after", &last.to_string()]);
    let mut lines = BufReader::new(follower.stdout.take().expect("stdout is a pipe")).lines();
    for name in ["grace", "joan"] {
        let server = site.start().await;
        let made = server
            .admin()
            .await
            .post("/api/users", user(name, json!({})))
            .await;
        let newest = made.expect(201).position();
        while last < newest {
            let line = timeout(Duration::from_secs(20), lines.next_line()).await;
            let line = line
                .expect("the command should print events")
                .expect("a line")
                .expect("an event");
            let event: Value = serde_json::from_str(&line).expect("JSON");
            last += 1;
            assert_eq!(event["position"], json!(last), "{event}");
        }
        site = server.terminate().await;
    }
}

/// Another account reads a folder in which it can write nothing.
#[tokio::test]
async fn another_account_looks_at_files_that_it_can_read() {
    if user_id() != 0 {
        eprintln!("only root can take another account");
        return;
    }
    let (server, last) = server_with_a_user(Site::new(Engine::Sqlite)).await;
    let tools = tempfile::tempdir().expect("a folder");
    let binary = tools.path().join("muniment");
    fs::copy(env!("CARGO_BIN_EXE_muniment"), &binary).expect("a copy");
    let open =
        |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("a mode");
    open(tools.path(), 0o755);
    open(&binary, 0o755);
    let readable = |site: &Site| {
        open(site.data(), 0o755);
        for name in everything_in(site.data()).into_keys() {
            let private = name.ends_with(".key") || name.ends_with(".pem");
            open(&site.data().join(name), if private { 0o600 } else { 0o644 });
        }
    };
    readable(server.site());
    for command in COMMANDS {
        must_succeed(
            command,
            &server.site().run_as_nobody(&binary, &[command]).await,
            last,
        );
    }
    let killed = server.kill9().await;
    readable(&killed);
    let before = everything_in(killed.data());
    for command in COMMANDS {
        must_succeed(command, &killed.run_as_nobody(&binary, &[command]).await, last);
    }
    assert!(everything_in(killed.data()) == before, "a command wrote");
    let stopped = killed.start().await.terminate().await;
    let last = database_position(&stopped).await;
    readable(&stopped);
    for command in COMMANDS {
        must_succeed(command, &stopped.run_as_nobody(&binary, &[command]).await, last);
    }
    let told = said(&stopped.run_as_nobody(&binary, &["doctor"]).await);
    assert!(told.contains("sealing key: belongs to another account"), "{told}");
    // A copy often has other modes. Without the key, the commands know as much as for an account that cannot read it.
    let key = stopped.data().join("sealing.key");
    open(&key, 0o644);
    for command in ["verify", "events"] {
        let output = stopped.run_as_nobody(&binary, &[command]).await;
        let told = said(&output);
        assert!(told.contains("warning: ") && told.contains("chmod 600"), "{told}");
        let without_warning = Output {
            stderr: Vec::new(),
            ..output
        };
        must_succeed(command, &without_warning, last);
    }
    open(&key, 0o600);
    // The file of a ledger that this account cannot read is no missing ledger.
    open(&stopped.data().join("muniment.db"), 0o600);
    let output = stopped.run_as_nobody(&binary, &["verify"]).await;
    assert!(!output.status.success() && said(&output).contains("cannot read the ledger"));
}

async fn database_position(site: &Site) -> i64 {
    let output = site.run(&["events"]).await;
    let text = said(&output);
    let last: Value = serde_json::from_str(text.lines().last().expect("events")).expect("JSON");
    last["position"].as_i64().expect("a position")
}

#[tokio::test]
async fn postgres_is_only_read() {
    let cluster = OwnCluster::start().await;
    let site = Site::new(Engine::Sqlite).with(DATABASE_URL, &cluster.url());
    let server = site.start().await;
    create_user(&server.admin().await, "ada").await;
    let last = cluster.psql(&["SELECT MAX(position) FROM events"]).await;
    let last: i64 = last.parse().expect("a position");
    cluster
        .psql(&[
            "CREATE ROLE reader LOGIN",
            "GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader",
            "CREATE ROLE quiet LOGIN SUPERUSER",
            "ALTER ROLE quiet SET default_transaction_read_only = on",
        ])
        .await;
    let written = "SELECT xmin || ctid::text FROM ledger_head";
    let before = cluster.psql(&[written]).await;
    let standby = cluster.standby().await;
    let urls = [
        cluster.url_of("reader"),
        cluster.url_of("quiet"),
        standby.url(),
        standby.url_of("reader"),
        cluster.url(),
    ];
    let site = server.terminate().await;
    for url in &urls {
        all_succeed(&site.clone().with(DATABASE_URL, url), last).await;
        // Without the key, an auditor still reads and verifies the events.
        let auditor = site.clone().with(DATABASE_URL, url).without_keys();
        all_succeed(&auditor, last).await;
        assert!(everything_in(auditor.data()).is_empty());
    }
    assert_eq!(cluster.psql(&[written]).await, before);
    // What is written later shows on the standby.
    let server = site.with(DATABASE_URL, &cluster.url()).start().await;
    create_user(&server.admin().await, "grace").await;
    let here = cluster.psql(&["SELECT MAX(position) FROM events"]).await;
    for _ in 0..500 {
        if standby.psql(&["SELECT MAX(position) FROM events"]).await == here {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    all_succeed(
        &server.site().clone().with(DATABASE_URL, &standby.url()),
        here.parse().expect("a position"),
    )
    .await;
}
