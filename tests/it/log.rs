//! One failure is one line of the log.

use std::time::Duration;

use serde_json::json;
use tokio::time::{sleep, timeout};

use crate::support::{
    connectware::role,
    database,
    outage::OwnCluster,
    server::{ADMIN_PASSWORD, DATABASE_URL, Engine, Server, Site},
};

/// How long something may take to be logged.
const PATIENCE: Duration = Duration::from_secs(30);
/// Time for several looks at the ledger, and for several attempts to listen for other nodes.
const SEVERAL_LOOKS: Duration = Duration::from_secs(3);

/// The lines of the log that warn of something, besides those of the library that talks to Postgres.
fn warnings(server: &Server) -> Vec<String> {
    let log = server.log();
    let is_warning = |line: &&str| line.contains(" WARN ") || line.contains("ERROR ");
    let warnings = log.lines().filter(is_warning);
    let warnings = warnings.filter(|line| !line.contains(" sqlx"));
    warnings.map(str::to_owned).collect()
}

/// Waits until a line of the log has this text.
pub async fn until_logged(server: &Server, text: &str) {
    let logged = async {
        while !server.log().contains(text) {
            sleep(Duration::from_millis(20)).await;
        }
    };
    let logged = timeout(PATIENCE, logged).await;
    logged.unwrap_or_else(|_| panic!("{text} is not in the log:\n{}", server.log()));
}

#[tokio::test]
async fn a_database_that_stops_is_one_line_and_one_more_for_each_request_that_fails() {
    let mut cluster = OwnCluster::start().await;
    let server = Site::new(Engine::Sqlite)
        .with(DATABASE_URL, &cluster.url())
        // What is known is old soon; here it is to be asked for all the same.
        .with("MUNIMENT_STALE_AFTER_MS", "600000")
        .start()
        .await;
    let admin = server.admin().await;
    cluster.stop_immediately().await;
    until_logged(&server, "cannot read the ledger").await;
    sleep(SEVERAL_LOOKS).await;
    let lines = warnings(&server);
    // What the first look meets depends on how far the database has stopped.
    assert!(
        matches!(lines.as_slice(), [line] if line.contains("cannot read the ledger") && line.contains("database: ")),
        "{lines:#?}"
    );

    let login = json!({ "username": "admin", "password": ADMIN_PASSWORD });
    let calls = [
        // Either nobody answers, or the heartbeat has found out before.
        (admin.get("/api/users/ids"), ["timed out", "is not used any more"]),
        (
            admin.post("/api/roles", role("any", json!([]))),
            ["Connection refused", "is not used any more"],
        ),
        (
            server.anonymous().post("/api/login", login),
            ["Connection refused", "is not used any more"],
        ),
    ];
    for (number, (call, causes)) in calls.into_iter().enumerate() {
        let id = format!("request-{number}");
        call.header("x-request-id", &id).await.expect_error(503);
        until_logged(&server, &id).await;
        let lines = warnings(&server);
        let about: Vec<_> = lines.iter().filter(|line| line.contains(&id)).collect();
        assert!(
            matches!(about.as_slice(), [line] if line.contains("ERROR") && causes.iter().any(|cause| line.contains(cause))),
            "{causes:?}: {about:#?}"
        );
    }
    let others = warnings(&server)
        .into_iter()
        .filter(|line| !line.contains("request-"));
    let others: Vec<_> = others
        .filter(|line| !line.contains("cannot read the ledger"))
        .collect();
    assert_eq!(others, Vec::<String>::new());

    cluster.start_again().await;
    until_logged(&server, "the ledger can be read again").await;
    cluster.stop_immediately().await;
}

#[tokio::test]
async fn a_failure_is_a_line_of_the_log_even_if_the_client_has_hung_up() {
    let server = Site::new(Engine::Sqlite).start().await;
    let admin = server.admin().await;
    let mut database = database::open(server.site()).await;
    // Now no other connection can write.
    database.execute("BEGIN IMMEDIATE").await;
    let call = admin.post("/api/roles", role("any", json!([])));
    let hung_up = timeout(Duration::from_millis(500), call.into_future()).await;
    assert!(hung_up.is_err(), "the request should still wait");
    until_logged(&server, "the client no longer waits").await;
    let lines = warnings(&server);
    assert!(
        matches!(lines.as_slice(), [line] if line.contains("kept SQLite's write lock")),
        "{lines:#?}"
    );
    database.execute("ROLLBACK").await;
    let made = admin.post("/api/roles", role("any", json!([]))).await;
    assert!(made.status < 300, "{made:?}");
}

#[tokio::test]
async fn the_log_says_at_the_end_which_way_batches_went() {
    let server = Server::start(Engine::Sqlite).await;
    let _admin = server.admin().await;
    server.ask_to_end();
    let ended = server.ended().await;
    let lines: Vec<&str> = ended
        .log
        .lines()
        .filter(|line| line.contains("under the lock:"))
        .collect();
    assert!(
        matches!(lines.as_slice(), [line] if line.contains("decided without the lock: ") && !line.contains(" 0 sent")),
        "{}",
        ended.log
    );
}
