//! Wrong passwords at the real server: which logins they slow down, which ones they do not, and how failures are cleared.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::{
    task::JoinSet,
    time::{MissedTickBehavior, interval},
};

use crate::support::{
    both_engines,
    client::{Client, Response},
    connectware::*,
    server::{Engine, Server, Site},
};

/// How soon a user must be logged in.
const SOON: Duration = Duration::from_secs(3);
/// A wait that is long enough to be noticed.
const LONG: Duration = Duration::from_secs(1);

async fn log_in(client: &Client, name: &str, password: &str) -> Response {
    let body = json!({ "username": name, "password": password });
    client.post("/api/login", body).await
}

/// How long a wrong password waits for its answer.
async fn wait(client: &Client, name: &str) -> Duration {
    let begun = Instant::now();
    log_in(client, name, "wrong").await.expect_error(401);
    begun.elapsed()
}

/// Fails ten times at once.
async fn fail_ten_times(client: &Client, name: &str) {
    let mut failures = JoinSet::new();
    for _ in 0..10 {
        let (client, name) = (client.clone(), name.to_owned());
        failures.spawn(async move { log_in(&client, &name, "wrong").await });
    }
    for answer in failures.join_all().await {
        answer.expect_error(401);
    }
}

/// Fails until an answer does not wait any more.
async fn until_free(client: &Client, name: &str) {
    for _ in 0..5 {
        if wait(client, name).await < LONG {
            return;
        }
    }
    panic!("the failures of {name} should be forgotten");
}

both_engines! {
    async fn a_flood_does_not_keep_the_owner_out(server: Server) {
        let admin = server.admin().await;
        for name in ["ada", "grace"] {
            create_user(&admin, name).await;
            log_in(&server.anonymous(), name, PASSWORD).await.expect(200);
        }
        let mut flood = JoinSet::new();
        for task in 0..48 {
            let client = server.anonymous();
            flood.spawn(async move {
                for number in 0.. {
                    let name = if task % 3 == 0 { format!("nobody.{number}") } else { "ada".to_owned() };
                    let guess = format!("guess {task} {number}");
                    log_in(&client, &name, &guess).await.expect_error_in(&[401, 429]);
                }
            });
        }
        // The attack fails ten times at least, so its answers wait.
        until(async || wait(&server.anonymous(), "ada").await >= LONG).await;
        for name in ["ada", "grace"] {
            let begun = Instant::now();
            log_in(&server.anonymous(), name, PASSWORD).await.expect(200);
            assert!(begun.elapsed() < SOON, "{name}: {:?}", begun.elapsed());
            let begun = Instant::now();
            server.anonymous().basic(name, PASSWORD).get("/api/session").await.expect(200);
            assert!(begun.elapsed() < SOON, "{name}: {:?}", begun.elapsed());
        }
        let begun = Instant::now();
        admin.get("/api/session").await.expect(200);
        admin.get("/api/listUsers").await.expect(200);
        server.anonymous().get("/healthz").await.expect(200);
        assert!(begun.elapsed() < LONG, "{:?}", begun.elapsed());
        flood.abort_all();
        while let Some(ended) = flood.join_next().await {
            let error = ended.expect_err("an attacker never stops");
            assert!(error.is_cancelled(), "{error}");
        }
    }

    async fn a_command_clears_the_failures_of_a_name_while_the_server_runs(server: Server) {
        let admin = server.admin().await;
        create_user(&admin, "ada").await;
        let client = server.anonymous();
        fail_ten_times(&client, "ada").await;
        assert!(wait(&client, "ada").await >= LONG);
        let unknown = server.site().run(&["logins", "clear", "nobody"]).await;
        assert!(!unknown.status.success(), "{unknown:?}");
        let cleared = server.site().run(&["logins", "clear", "ada"]).await;
        assert!(cleared.status.success(), "{cleared:?}");
        until_free(&client, "ada").await;
    }
}

/// How many connections of brokers the server of the test takes.
const HOOKS_CONNECTIONS: usize = 600;
/// How often a device with a new name that nobody has connects. Within three seconds, more come than there are connections.
const FLOOD: Duration = Duration::from_micros(2_500);
/// For how many seconds they come.
const FLOOD_SECONDS: u64 = 5;

/// Whether RabbitMQ, which does not say the address of a device, lets it in.
async fn connects(broker: &Client, name: &str, password: &str) -> bool {
    let form = format!("username={name}&password={}", password.replace(' ', "+"));
    let call = broker.call(http::Method::POST, "/hooks/rabbitmq/user");
    let answer = call.body("application/x-www-form-urlencoded", form).await;
    answer.expect(200).text() == "allow"
}

/// How many devices of a flood connected, one after the other, and were all refused.
async fn flood(broker: Client) -> usize {
    let mut pace = interval(FLOOD);
    // If the machine stands still for a moment, the devices must not come all at once.
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (begun, mut devices) = (Instant::now(), JoinSet::new());
    while begun.elapsed() < Duration::from_secs(FLOOD_SECONDS) {
        pace.tick().await;
        let (broker, name) = (broker.clone(), format!("nobody.{}", devices.len()));
        devices.spawn(async move { assert!(!connects(&broker, &name, "a guess").await, "{name}") });
    }
    devices.join_all().await.len()
}

#[tokio::test]
async fn a_flood_of_unknown_devices_leaves_connections_for_other_questions() {
    let server = Site::new(Engine::Sqlite)
        // Hashes that take their time.
        .with("MUNIMENT_PASSWORD_MEMORY_KIB", "4096")
        .with("MUNIMENT_HOOKS_CONNECTIONS", &HOOKS_CONNECTIONS.to_string())
        .start()
        .await;
    let (admin, broker) = (server.admin().await, server.broker());
    for number in 0..8 {
        create_user(&admin, &format!("known.{number}")).await;
        assert!(connects(&broker, &format!("known.{number}"), PASSWORD).await);
        create_user(&admin, &format!("new.{number}")).await;
    }
    let flood = tokio::spawn(flood(broker.clone()));
    let mut devices = JoinSet::new();
    for number in 0..8 {
        let (broker, known, new) = (broker.clone(), format!("known.{number}"), format!("new.{number}"));
        let is_over = flood.abort_handle();
        devices.spawn(async move {
            // A device that has connected before always may.
            while !is_over.is_finished() {
                assert!(connects(&broker, &known, PASSWORD).await);
            }
        });
        let broker = server.broker();
        devices.spawn(async move {
            // The lot may refuse a device that connects for the first time, but not always.
            let mut tries = 0;
            while !connects(&broker, &new, PASSWORD).await {
                tries += 1;
                assert!(tries < 12, "{new}");
            }
        });
    }
    devices.join_all().await;
    let came = flood.await.expect("all were answered");
    assert!(came > HOOKS_CONNECTIONS, "{came} are no flood");
}

/// Asks until it is so.
async fn until(is_so: impl AsyncFn() -> bool) {
    let begun = Instant::now();
    while !is_so().await {
        assert!(
            begun.elapsed() < Duration::from_secs(30),
            "this should be so by now"
        );
    }
}

#[tokio::test]
async fn an_endpoint_clears_the_failures_on_every_node() {
    let one = Server::start(Engine::Postgres).await;
    let other = one.site().second_node().start().await;
    let admin = one.admin().await;
    let ada = create_user(&admin, "ada").await;
    // An administrator has logged in at both nodes, so neither refuses the address.
    let clients = [one.anonymous(), other.admin().await.anonymous()];
    for client in &clients {
        fail_ten_times(client, "ada").await;
        assert!(wait(client, "ada").await >= LONG);
    }
    let cleared = admin.delete(format!("/api/users/{ada}/login-failures")).await;
    cleared.expect(204);
    let [here, there] = &clients;
    assert!(wait(here, "ada").await < LONG);
    until_free(there, "ada").await;
}

#[tokio::test]
async fn clearing_makes_no_ledger() {
    let site = Site::new(Engine::Sqlite);
    let refused = site.run(&["logins", "clear", "ada"]).await;
    assert!(!refused.status.success(), "{refused:?}");
    let files = std::fs::read_dir(site.data()).expect("the folder can be read");
    assert_eq!(files.count(), 0);
}
