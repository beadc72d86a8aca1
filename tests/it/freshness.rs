//! A node that has lost the database answers 503 as soon as its memory is older than the settings allow. It never
//! answers an old yes.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::time::{sleep, timeout};

use crate::support::{
    client::{Client, Response},
    connectware::*,
    outage::{Network, OwnCluster},
    postgres::Cluster,
    server::{DATABASE_URL, Engine, Server, Site},
};

/// The bound, in milliseconds.
const BOUND_MS: u64 = 1_000;
const BOUND: Duration = Duration::from_millis(BOUND_MS);
/// How long a node may take to notice that its database is back.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long a refusal may take while the database is gone.
const PROMPT: Duration = Duration::from_secs(4);

fn bounded(site: Site) -> Site {
    site.with("MUNIMENT_STALE_AFTER_MS", &BOUND_MS.to_string())
}

/// A node on the database at this address.
async fn node_on(url: &str) -> Server {
    bounded(Site::new(Engine::Sqlite))
        .with(DATABASE_URL, url)
        .start()
        .await
}

fn is_stale(answer: &Response) -> bool {
    answer.status == 503 && answer.expect_error(503).code == "stale"
}

/// Asks until the answer has this status.
async fn until(status: u16, ask: impl AsyncFn() -> Response) {
    let answered = async {
        while ask().await.status != status {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, answered)
        .await
        .unwrap_or_else(|_| panic!("no {status} in time"));
}

/// From `lost` on, the node cannot read the database. Later than the bound, it must refuse every kind of request.
async fn must_stop_deciding(server: &Server, admin: &Client, lost: Instant) {
    loop {
        let asked = Instant::now();
        let answer = admin.get("/api/session").await;
        if asked.duration_since(lost) > BOUND {
            assert!(is_stale(&answer), "{answer:?}");
            assert_eq!(answer.header("retry-after"), "1");
            break;
        }
        assert!(answer.status == 200 || is_stale(&answer), "{answer:?}");
        sleep(Duration::from_millis(20)).await;
    }
    let prompt = async |call: crate::support::client::Call| {
        let answer = timeout(PROMPT, call.into_future()).await;
        answer.expect("a refusal should not take long")
    };
    let users = prompt(admin.get("/api/users/ids")).await;
    assert!(is_stale(&users), "{users:?}");
    let write = prompt(admin.post("/api/roles", role("any", json!([])))).await;
    assert!(is_stale(&write), "{write:?}");
    let ready = prompt(server.anonymous().get("/readyz")).await;
    assert!(is_stale(&ready), "{ready:?}");
    let login = json!({ "username": "admin", "password": "whatever it is" });
    prompt(server.anonymous().post("/api/login", login))
        .await
        .expect_error(503);
    prompt(server.anonymous().get("/healthz")).await.expect(200);
    // A request without a credential is refused as always.
    prompt(server.anonymous().get("/api/session"))
        .await
        .expect_error(401);
}

#[tokio::test]
async fn a_node_whose_database_is_stopped_answers_nothing_old_and_recovers() {
    let mut cluster = OwnCluster::start().await;
    let server = node_on(&cluster.url()).await;
    let admin = server.admin().await;
    admin.get("/api/session").await.expect(200);
    cluster.stop_immediately().await;
    must_stop_deciding(&server, &admin, Instant::now()).await;
    let log = server.log();
    assert!(
        log.contains("Connection refused"),
        "the log should say why:\n{log}"
    );
    cluster.start_again().await;
    until(200, async || admin.get("/api/session").await).await;
    until(200, async || server.anonymous().get("/readyz").await).await;
    create_user(&admin, "ada").await;
    cluster.stop_immediately().await;
}

#[tokio::test]
async fn a_node_whose_network_falls_silent_answers_nothing_old_and_recovers() {
    let database = Cluster::shared().create_database();
    let network = Network::before(&database.url).await;
    let server = node_on(&network.url).await;
    let admin = server.admin().await;
    network.cut();
    must_stop_deciding(&server, &admin, Instant::now()).await;
    network.mend();
    until(200, async || admin.get("/api/session").await).await;
    until(200, async || server.anonymous().get("/readyz").await).await;
    drop(server);
}

#[tokio::test]
async fn a_node_that_stood_still_answers_nothing_old() {
    let one = bounded(Site::new(Engine::Postgres)).start().await;
    let other = one.site().second_node().start().await;
    let admin = one.admin().await;
    let readers = create_role(&admin, "readers", json!([http("/api/users/#", "read")])).await;
    let id = create_user_with(&admin, "ada", json!({ "roles": [readers] })).await;
    let ada = other.anonymous().login("ada", PASSWORD).await;
    // Each of these callers has an open connection of its own.
    let callers: Vec<Client> = (0..8).map(|_| other.anonymous().bearer(ada.token())).collect();
    for caller in &callers {
        caller.get("/api/users/ids").await.expect(200);
    }

    other.stand_still();
    admin
        .delete_with_body(format!("/api/users/{id}/roles"), json!({ "roleId": readers }))
        .await
        .expect(204);
    // These requests wait in the node's sockets.
    let asked: Vec<_> = callers
        .iter()
        .map(|caller| tokio::spawn(caller.get("/api/users/ids").into_future()))
        .collect();
    // Time must pass until the node's memory is too old.
    sleep(2 * BOUND).await;
    other.go_on();
    for asked in asked {
        let answer = asked.await.expect("an answer");
        assert!(answer.status == 403 || is_stale(&answer), "{answer:?}");
    }
    until(403, async || ada.get("/api/users/ids").await).await;
}

#[tokio::test]
async fn a_node_on_sqlite_that_nobody_asks_stays_fresh() {
    let server = bounded(Site::new(Engine::Sqlite)).start().await;
    let admin = server.admin().await;
    // Time must pass until the node's memory is too old.
    sleep(2 * BOUND).await;
    admin.get("/api/session").await.expect(200);
    server.anonymous().get("/readyz").await.expect(200);
}
