//! A node whose database is on several servers, of which one accepts writes.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::json;
use tokio::time::{sleep, timeout};

use crate::support::{
    client::{Client, Response},
    connectware::*,
    outage::{Network, OwnCluster},
    server::{DATABASE_URL, Engine, Server, Site},
};

/// How long a node may take to be right again.
const SOON: Duration = Duration::from_secs(20);

/// The address of a database on several servers.
fn several(urls: &[&str]) -> String {
    let hosts: Vec<&str> = urls
        .iter()
        .map(|url| {
            let (_, rest) = url.split_once('@').expect("a user");
            rest.split_once('/').expect("a database").0
        })
        .collect();
    format!("postgres://postgres@{}/postgres", hosts.join(","))
}

fn site_on(urls: &[&str]) -> Site {
    Site::new(Engine::Sqlite).with(DATABASE_URL, &several(urls))
}

/// Asks until the answer has this status, and returns how long that took.
async fn until(status: u16, ask: impl AsyncFn() -> Response) -> Duration {
    let begun = Instant::now();
    let answered = async {
        while ask().await.status != status {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(SOON, answered)
        .await
        .unwrap_or_else(|_| panic!("no {status} in time"));
    begun.elapsed()
}

/// Fails unless the node writes again soon, knows what it acknowledged, and is ready.
async fn must_go_on(server: &Server, admin: &Client, name: &str) -> Duration {
    let took = until(201, async || {
        admin.post("/api/roles", role(name, json!([]))).await
    })
    .await;
    let roles = admin.get("/api/roles").await.expect(200).text();
    assert!(roles.contains("before"), "{roles}");
    until(200, async || server.anonymous().get("/readyz").await).await;
    took
}

async fn until_log_has(server: &Server, text: &str) {
    let said = async {
        while !server.log().contains(text) {
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(SOON, said)
        .await
        .unwrap_or_else(|_| panic!("the log should have {text:?}:\n{}", server.log()));
}

/// How many nodes listen at this server.
async fn until_listening(cluster: &OwnCluster, nodes: &str) {
    let listening = "SELECT COUNT(*) FROM pg_stat_activity WHERE query LIKE 'LISTEN %'";
    let heard = async {
        while cluster.psql(&[listening]).await != nodes {
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(SOON, heard).await.expect("the nodes should listen again");
}

#[tokio::test]
async fn nodes_go_to_the_server_that_was_promoted_and_listen_there() {
    let mut old = OwnCluster::start().await;
    let mut new = old.standby().await;
    old.set("synchronous_standby_names", Some("*")).await;
    // The standby comes first, and accepts no writes.
    let one = site_on(&[&new.url(), &old.url()]).start().await;
    let other = one.site().second_node().start().await;
    let admin = one.admin().await;
    create_role(&admin, "before", json!([])).await;
    until_listening(&old, "2").await;

    old.stop_immediately().await;
    new.set("synchronous_standby_names", None).await;
    new.promote().await;
    let took = must_go_on(&one, &admin, "after").await;
    println!("a write {took:?} after the promotion");
    let on_other = other.anonymous().bearer(admin.token());
    must_go_on(&other, &on_other, "after too").await;
    until_listening(&new, "2").await;
    assert!(
        one.log().contains("another server is the primary now"),
        "{}",
        one.log()
    );
    new.stop_immediately().await;
}

#[tokio::test]
async fn a_node_leaves_an_old_primary_that_nobody_has_fenced() {
    let mut old = OwnCluster::start().await;
    let mut new = old.standby().await;
    old.set("synchronous_standby_names", Some("*")).await;
    let server = site_on(&[&old.url(), &new.url()]).start().await;
    let admin = server.admin().await;
    create_role(&admin, "before", json!([])).await;

    new.set("synchronous_standby_names", None).await;
    new.promote().await;
    must_go_on(&server, &admin, "after").await;
    let there = "SELECT COUNT(*) FROM role_directory WHERE name = 'after'";
    assert_eq!(new.psql(&[there]).await, "1");
    assert_eq!(old.psql(&[there]).await, "0");
    new.stop_immediately().await;
    old.stop_immediately().await;
}

#[tokio::test]
async fn a_node_leaves_a_primary_that_does_not_answer() {
    let mut old = OwnCluster::start().await;
    let mut new = old.standby().await;
    old.set("synchronous_standby_names", Some("*")).await;
    let network = Network::before(&old.url()).await;
    let server = site_on(&[&network.url, &new.url()]).start().await;
    let admin = server.admin().await;
    create_role(&admin, "before", json!([])).await;

    network.cut();
    new.set("synchronous_standby_names", None).await;
    new.promote().await;
    let took = must_go_on(&server, &admin, "after").await;
    println!("a write {took:?} after the promotion");
    new.stop_immediately().await;
    old.stop_immediately().await;
}

#[tokio::test]
async fn what_waits_for_a_primary_that_does_not_answer_ends_and_keeps_no_connection() {
    let mut old = OwnCluster::start().await;
    let mut new = old.standby().await;
    old.set("synchronous_standby_names", Some("*")).await;
    let network = Network::before(&old.url()).await;
    let server = site_on(&[&network.url, &new.url()])
        .with("MUNIMENT_DATABASE_CONNECTIONS", "4")
        .start()
        .await;
    let admin = &server.admin().await;
    create_role(admin, "before", json!([])).await;
    let ask = || join_all((0..8).map(|_| async move { admin.get("/api/roles").await }));

    network.cut();
    let promoting = async {
        new.set("synchronous_standby_names", None).await;
        new.promote().await;
    };
    let (answers, ()) = tokio::join!(timeout(SOON, ask()), promoting);
    for answer in answers.expect("answers") {
        assert!(matches!(answer.status, 200 | 503), "{answer:?}");
    }
    must_go_on(&server, admin, "after").await;
    let again = timeout(SOON / 2, ask())
        .await
        .expect("answers of the new primary");
    for answer in again {
        answer.expect(200);
    }
    new.stop_immediately().await;
    old.stop_immediately().await;
}

#[tokio::test]
async fn a_node_follows_an_address_that_leads_to_another_server() {
    let mut old = OwnCluster::start().await;
    let mut new = old.standby().await;
    old.set("synchronous_standby_names", Some("*")).await;
    let network = Network::before(&old.url()).await;
    let server = site_on(&[&network.url]).start().await;
    let admin = server.admin().await;
    create_role(&admin, "before", json!([])).await;

    new.set("synchronous_standby_names", None).await;
    new.promote().await;
    // The old primary keeps its connections, and goes on answering reads.
    network.lead_to(&new.url());
    must_go_on(&server, &admin, "after").await;
    let there = "SELECT COUNT(*) FROM role_directory WHERE name = 'after'";
    assert_eq!(new.psql(&[there]).await, "1");
    // The node also reads what others write there.
    let site = server.site().second_node();
    let other = site.with(DATABASE_URL, &several(&[&new.url()])).start().await;
    let theirs = other.admin().await;
    let same = server.anonymous().bearer(theirs.token());
    until(200, async || same.get("/api/session").await).await;
    new.stop_immediately().await;
    old.stop_immediately().await;
}

#[tokio::test]
async fn a_node_starts_on_the_new_primary_although_the_old_one_accepts_writes() {
    let mut old = OwnCluster::start().await;
    let site = site_on(&[&old.url()]);
    let first = site.start().await;
    create_role(&first.admin().await, "before", json!([])).await;
    let mut new = old.standby().await;
    new.promote().await;
    let both = first
        .terminate()
        .await
        .with(DATABASE_URL, &several(&[&old.url(), &new.url()]));
    let server = both.start().await;
    let admin = server.admin().await;
    must_go_on(&server, &admin, "after").await;
    let there = "SELECT COUNT(*) FROM role_directory WHERE name = 'after'";
    assert_eq!(new.psql(&[there]).await, "1");
    assert_eq!(old.psql(&[there]).await, "0");

    // The new primary does not answer for a while. The old one lacks what was written since.
    new.stop_immediately().await;
    until_log_has(&server, "does not answer").await;
    until(503, async || {
        admin.post("/api/roles", role("never", json!([]))).await
    })
    .await;
    new.start_again().await;
    must_go_on(&server, &admin, "later").await;
    let there = "SELECT COUNT(*) FROM role_directory WHERE name IN ('never', 'later')";
    assert_eq!(old.psql(&[there]).await, "0");
    new.stop_immediately().await;
    old.stop_immediately().await;
}

#[tokio::test]
async fn a_node_does_not_start_without_a_server_that_accepts_writes() {
    let mut old = OwnCluster::start().await;
    let mut standby = old.standby().await;
    let urls = [&old.url()[..], &standby.url()];
    let site = site_on(&urls);
    old.stop_immediately().await;
    let (_, said) = site.refuses_to_start().await;
    let why = "none of the servers in DATABASE_URL accepts writes";
    for part in [why, "Connection refused", "accepts reads only"] {
        assert!(said.contains(part), "{part}: {said}");
    }
    standby.stop_immediately().await;
}
