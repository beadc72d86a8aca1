//! The registry of devices across processes: on several nodes, after a restart, and after a kill.

use serde_json::{Value, json};

use crate::support::{
    client::Client,
    server::{Engine, Server, Site},
};

const REGISTRY: &str = "/api/client-registry";

async fn registered(server: &Server, username: &str) -> u16 {
    let body = json!({ "username": username, "password": "the device's own" });
    let path = format!("{REGISTRY}/register");
    server.anonymous().post(path, body).await.status
}

async fn ask(caller: &Client, what: &str, body: Value, status: u16) {
    caller
        .post(format!("{REGISTRY}/{what}"), body)
        .await
        .expect(status);
}

#[tokio::test]
async fn the_window_and_the_devices_are_the_same_on_every_node() {
    let one = Server::start(Engine::Postgres).await;
    let other = one.site().second_node().start().await;
    let admin = one.admin().await;
    assert_eq!(registered(&other, "press.7").await, 423);
    ask(&admin, "open", json!({ "duration": 600_000 }), 204).await;
    // No node may be behind here: each request reads the ledger.
    assert_eq!(registered(&other, "press.7").await, 202);
    assert_eq!(registered(&one, "press.7").await, 202);
    ask(&admin, "confirm", json!({ "username": "press.7" }), 201).await;
    assert_eq!(registered(&other, "press.7").await, 201);
    ask(&admin, "close", json!({}), 204).await;
    assert_eq!(registered(&other, "press.8").await, 423);
    assert_eq!(registered(&other, "press.7").await, 201);
}

#[tokio::test]
async fn two_nodes_that_register_a_device_at_the_same_time_make_one_registration() {
    let one = Server::start(Engine::Postgres).await;
    let other = one.site().second_node().start().await;
    let admin = one.admin().await;
    ask(&admin, "open", json!({ "duration": 600_000 }), 204).await;
    for number in 0..10 {
        let name = format!("press.{number}");
        let (here, there) = tokio::join!(registered(&one, &name), registered(&other, &name));
        assert_eq!((here, there), (202, 202), "{name}");
    }
    let listed = admin.get(REGISTRY).await.expect(200).json();
    assert_eq!(listed.as_array().expect("a list").len(), 10, "{listed}");
}

#[tokio::test]
async fn the_registry_outlives_a_kill() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let server = Site::new(engine)
            .with("MUNIMENT_REGISTRY_PENDING_MOST", "1")
            .start()
            .await;
        let admin = server.admin().await;
        ask(&admin, "open", json!({ "duration": 86_400_000 }), 204).await;
        assert_eq!(registered(&server, "press.7").await, 202);
        let server = server.kill9().await.start().await;
        // The window, its limit and the device are as they were.
        assert_eq!(registered(&server, "press.7").await, 202);
        assert_eq!(registered(&server, "press.8").await, 503);
        let admin = server.admin().await;
        ask(&admin, "confirm", json!({ "username": "press.7" }), 201).await;
        let server = server.kill9().await.start().await;
        assert_eq!(registered(&server, "press.7").await, 201);
        assert_eq!(registered(&server, "press.8").await, 202);
    }
}
