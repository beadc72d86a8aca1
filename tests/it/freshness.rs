//! A node that has lost the database answers 503 as soon as its memory is older than the settings allow. It never
//! answers an old yes.

use std::{
    cell::Cell,
    time::{Duration, Instant},
};

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
/// How long a node may take to be right again once its database is a primary whose commits count.
const SOON: Duration = Duration::from_secs(20);
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
    prompt(server.anonymous().get("/healthz")).await.expect(200);
    // A request without a credential is refused as always.
    prompt(server.anonymous().get("/api/session"))
        .await
        .expect_error(401);
}

/// A node that cannot read compares no password.
async fn must_refuse_logins(server: &Server) {
    let login = json!({ "username": "admin", "password": "whatever it is" });
    let answer = timeout(PROMPT, server.anonymous().post("/api/login", login).into_future()).await;
    answer.expect("a refusal should not take long").expect_error(503);
}

#[tokio::test]
async fn a_node_whose_database_is_stopped_answers_nothing_old_and_recovers() {
    let mut cluster = OwnCluster::start().await;
    let server = node_on(&cluster.url()).await;
    let admin = server.admin().await;
    admin.get("/api/session").await.expect(200);
    cluster.stop_immediately().await;
    must_stop_deciding(&server, &admin, Instant::now()).await;
    must_refuse_logins(&server).await;
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

/// Fails unless the node is right again soon.
async fn must_be_right_again(server: &Server, admin: &Client) {
    let good = Instant::now();
    until(200, async || admin.get("/api/session").await).await;
    until(200, async || server.anonymous().get("/readyz").await).await;
    create_user(admin, "ada").await;
    assert!(good.elapsed() <= SOON, "{:?}", good.elapsed());
}

#[tokio::test]
async fn a_node_on_a_database_that_takes_no_writes_answers_nothing_old_and_recovers() {
    let mut cluster = OwnCluster::start().await;
    let server = node_on(&cluster.url()).await;
    let admin = server.admin().await;
    admin.get("/api/session").await.expect(200);
    cluster.demote().await;
    // The node can still read the ledger to its end, and would never find out that another primary goes on.
    assert_eq!(cluster.psql(&["SELECT COUNT(*) > 0 FROM events"]).await, "t");
    must_stop_deciding(&server, &admin, Instant::now()).await;
    assert!(
        server.log().contains("the database confirms no commit"),
        "{}",
        server.log()
    );
    cluster.promote().await;
    must_be_right_again(&server, &admin).await;
    cluster.stop_immediately().await;
}

#[tokio::test]
async fn a_node_on_a_database_that_is_read_only_by_default_answers_nothing_old_and_recovers() {
    let mut cluster = OwnCluster::start().await;
    let server = node_on(&cluster.url()).await;
    let admin = server.admin().await;
    admin.get("/api/session").await.expect(200);
    let setting = "default_transaction_read_only";
    cluster.set(setting, Some("on")).await;
    let show = format!("SHOW {setting}");
    let loaded = async {
        while cluster.psql(&[&show]).await != "on" {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, loaded).await.expect("the setting");
    must_stop_deciding(&server, &admin, Instant::now()).await;
    cluster.set(setting, None).await;
    must_be_right_again(&server, &admin).await;
    cluster.stop_immediately().await;
}

#[tokio::test]
async fn a_node_left_on_the_old_primary_answers_nothing_old_and_recovers() {
    let mut old = OwnCluster::start().await;
    let mut new = old.standby().await;
    old.set("synchronous_standby_names", Some("*")).await;
    let server = node_on(&old.url()).await;
    let admin = server.admin().await;
    admin.get("/api/session").await.expect(200);
    new.promote().await;
    // The old primary does not know, and answers every read.
    must_stop_deciding(&server, &admin, Instant::now()).await;
    assert_eq!(old.psql(&["SELECT pg_is_in_recovery()"]).await, "f");
    // Now the old primary is the only one again.
    new.stop_immediately().await;
    old.set("synchronous_standby_names", None).await;
    must_be_right_again(&server, &admin).await;
    old.stop_immediately().await;
}

#[tokio::test]
async fn a_commit_whose_wait_for_the_standby_is_cancelled_is_not_confirmed() {
    no_commit_is_confirmed_by("pg_cancel_backend").await;
}

#[tokio::test]
async fn a_commit_whose_connection_is_ended_while_it_waits_for_the_standby_is_not_confirmed() {
    no_commit_is_confirmed_by("pg_terminate_backend").await;
}

/// Ends all waits for the standby by this function of Postgres.
async fn no_commit_is_confirmed_by(ends: &str) {
    let mut cluster = OwnCluster::start().await;
    let mut standby = cluster.standby().await;
    let server = node_on(&cluster.url()).await;
    let admin = server.admin().await;
    cluster.set("synchronous_standby_names", Some("*")).await;
    let kept = create_role(&admin, "kept", json!([])).await;
    let id = create_user_with(&admin, "eve", json!({ "roles": [kept] })).await;
    // From now on, every commit waits.
    standby.stop_immediately().await;
    let is_over = Cell::new(false);
    let ending = async {
        let end = format!("SELECT COUNT({ends}(pid)) FROM pg_stat_activity WHERE wait_event = 'SyncRep'");
        while !is_over.get() {
            cluster.psql(&[&end]).await;
            sleep(Duration::from_millis(20)).await;
        }
    };
    // Postgres answers as if the commits were good.
    let deciding = async {
        // The second time there is nothing left to do, and still nobody knows whether the standby has it.
        for _ in 0..2 {
            let revoked = admin
                .put(format!("/api/users/{id}"), json!({ "roles": [] }))
                .await;
            assert_eq!(revoked.status, 503, "{revoked:?}");
        }
        let answer = admin.post("/api/roles", role("lost", json!([]))).await;
        assert_eq!(answer.status, 503, "{answer:?}");
        let stale = async || is_stale(&admin.get("/api/session").await);
        let noticed = async {
            while !stale().await {
                sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(2 * BOUND, noticed)
            .await
            .expect("heartbeats should not be confirmed");
        is_over.set(true);
    };
    tokio::join!(ending, deciding);
    standby.start_again().await;
    must_be_right_again(&server, &admin).await;
    standby.stop_immediately().await;
    cluster.stop_immediately().await;
}

#[tokio::test]
async fn the_start_and_the_doctor_say_what_a_commit_is_worth() {
    let mut cluster = OwnCluster::start().await;
    let server = node_on(&cluster.url()).await;
    assert!(
        server.log().contains("there is no synchronous standby"),
        "{}",
        server.log()
    );
    let site = server.terminate().await;
    let doctor = async || {
        let output = site.run(&["doctor"]).await;
        let said = [output.stdout, output.stderr].concat();
        (
            output.status.success(),
            String::from_utf8_lossy(&said).into_owned(),
        )
    };
    let (healthy, said) = doctor().await;
    assert!(healthy, "{said}");
    assert!(said.contains("there is no synchronous standby"), "{said}");
    cluster.set("synchronous_commit", Some("off")).await;
    let (healthy, said) = doctor().await;
    assert!(!healthy, "{said}");
    assert!(said.contains("synchronous_commit is off"), "{said}");
    cluster.set("synchronous_commit", None).await;
    cluster
        .psql(&["CREATE DATABASE narrow ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0"])
        .await;
    let url = cluster.url();
    let (address, _) = url.rsplit_once('/').expect("a database");
    let narrow = bounded(Site::new(Engine::Sqlite)).with(DATABASE_URL, &format!("{address}/narrow"));
    let (_, said) = narrow.refuses_to_start().await;
    assert!(said.contains("the database stores text in LATIN1"), "{said}");
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
    must_refuse_logins(&server).await;
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
