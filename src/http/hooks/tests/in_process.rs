//! The scenarios of this face, in process. `tests/it` runs the same scenarios against the binary, on both engines.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

mod brokers;

use std::{sync::Arc, time::Duration};

use kit::{self as support, client::Client, connectware::*, server::Server};
use serde_json::json;
use tokio::{sync::Semaphore, task::JoinSet};

const MINUTE: Duration = Duration::from_secs(60);

async fn connects(server: &Server, username: &str, password: &str) -> bool {
    let body = json!({ "username": username, "password": password, "peerhost": "192.0.2.7" });
    let answer = server
        .broker()
        .post("/hooks/emqx/authn", body)
        .await
        .expect(200)
        .json();
    answer["result"] == "allow"
}

async fn publishes(broker: &Client, username: &str) -> bool {
    let body = json!({ "username": username, "topic": "a", "action": "publish" });
    broker.post("/hooks/emqx/authz", body).await.expect(200).json()["result"] == "allow"
}

/// How many hashes something costs.
async fn hashes<T>(server: &Server, work: impl Future<Output = T>) -> (u64, T) {
    let before = server.app().passwords.runs();
    let done = work.await;
    (server.app().passwords.runs() - before, done)
}

#[tokio::test]
async fn a_password_that_was_right_costs_no_hash_again() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let id = create_user(&admin, "ada").await;
    assert_eq!(
        hashes(&server, connects(&server, "ada", PASSWORD)).await,
        (1, true)
    );
    for _ in 0..3 {
        assert_eq!(
            hashes(&server, connects(&server, "ada", PASSWORD)).await,
            (0, true)
        );
    }
    let (wrong, unknown) = (
        hashes(&server, connects(&server, "ada", "a guess")).await,
        hashes(&server, connects(&server, "nobody", "a guess")).await,
    );
    assert_eq!(
        (wrong, unknown),
        ((1, false), (1, false)),
        "an unknown user costs what a known one does"
    );
    assert_eq!(
        hashes(&server, connects(&server, "ada", PASSWORD)).await,
        (0, true),
        "a guess ends nothing"
    );
    admin.delete(format!("/api/users/{id}/tokens")).await.expect(204);
    assert_eq!(
        hashes(&server, connects(&server, "ada", PASSWORD)).await,
        (1, true),
        "the user changed"
    );
    admin
        .put(
            format!("/api/users/{id}"),
            json!({ "password": "another password" }),
        )
        .await
        .expect(200);
    assert_eq!(
        hashes(&server, connects(&server, "ada", PASSWORD)).await,
        (1, false)
    );
    assert_eq!(
        hashes(&server, connects(&server, "ada", "another password")).await,
        (1, true)
    );
    assert_eq!(
        hashes(&server, connects(&server, "ada", PASSWORD)).await,
        (1, false)
    );
    admin.delete(format!("/api/users/{id}")).await.expect(204);
    create_user(&admin, "ada").await;
    assert_eq!(
        hashes(&server, connects(&server, "ada", "another password")).await,
        (1, false),
        "another user of this name"
    );
}

/// Whether RabbitMQ, which does not say the address of a device, lets it in.
async fn rabbitmq_lets_in(broker: &Client, username: &str, password: &str) -> bool {
    let call = broker.call(http::Method::POST, "/hooks/rabbitmq/user");
    let form = format!("username={username}&password={}", password.replace(' ', "+"));
    let answer = call
        .body("application/x-www-form-urlencoded", form)
        .await
        .expect(200);
    answer.text() == "allow"
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_unknown_names_through_a_broker_denies_no_device_that_connects_for_the_first_time() {
    // Hashes that take their time, and the queue of the default settings.
    let settings = [
        ("MUNIMENT_PASSWORD_MEMORY_KIB", "4096"),
        ("MUNIMENT_PASSWORD_WORKERS", "1"),
    ];
    let server = Server::start_set(&settings).await;
    let admin = server.admin().await;
    for number in 0..6 {
        create_user(&admin, &format!("press.{number}")).await;
    }
    let full = Arc::new(Semaphore::new(0));
    let mut flood = JoinSet::new();
    for task in 0..300 {
        let (broker, full) = (server.broker(), Arc::clone(&full));
        flood.spawn(async move {
            for number in 0.. {
                full.add_permits(1);
                assert!(!rabbitmq_lets_in(&broker, &format!("nobody.{task}.{number}"), "a guess").await);
                // In the same process, the flood would take all of the time otherwise.
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        });
    }
    // All of them ask.
    drop(full.acquire_many(300).await.expect("the flood lives"));
    let mut devices = JoinSet::new();
    for number in 0..6 {
        let broker = server.broker();
        devices.spawn(async move { rabbitmq_lets_in(&broker, &format!("press.{number}"), PASSWORD).await });
    }
    assert_eq!(devices.join_all().await, [true; 6]);
    assert!(flood.try_join_next().is_none(), "the flood goes on");
}

#[tokio::test]
async fn the_log_says_once_a_minute_that_unknown_clients_are_not_recorded() {
    let server = Server::start().await;
    let lines = || {
        let log = server.log();
        let of_clients = |line: &&str| line.contains("WARN") && line.contains("did not record clients");
        log.lines().filter(of_clients).count()
    };
    let before = lines();
    let open = json!({ "duration": 600_000 });
    server
        .admin()
        .await
        .post("/api/client-registry/open", open)
        .await
        .expect(204);
    // No username is so long.
    let name = "a".repeat(300);
    for _ in 0..3 {
        assert!(!connects(&server, &name, "a guess").await);
    }
    assert_eq!(lines(), before + 1);
    server.pass(MINUTE).await;
    assert!(!connects(&server, &name, "a guess").await);
    assert_eq!(lines(), before + 2);
}

#[tokio::test]
async fn a_node_that_is_stale_refuses_in_the_form_of_the_broker() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let permissions = json!({ "initialPermissions": [mqtt("#", "readWrite")] });
    create_user_with(&admin, "ada", permissions).await;
    let broker = server.broker();
    assert!(connects(&server, "ada", PASSWORD).await && publishes(&broker, "ada").await);
    server.stand_still(Duration::from_secs(6));
    assert!(!publishes(&broker, "ada").await);
    assert!(
        !connects(&server, "ada", PASSWORD).await,
        "the password is remembered, but the memory is stale"
    );
    let form = |path: &str, body: &'static str| {
        let call = broker.call(http::Method::POST, path);
        call.header("vernemq-hook", "auth_on_publish")
            .body("application/x-www-form-urlencoded", body)
    };
    let vhost = form("/hooks/rabbitmq/vhost", "username=ada&vhost=%2F")
        .await
        .expect(200);
    assert_eq!(vhost.text(), "deny");
    form("/hooks/mosquitto/acl", "username=ada&topic=a&acc=2")
        .await
        .expect(403);
    let published = form("/hooks/vernemq", r#"{"username":"ada","topic":"a"}"#)
        .await
        .expect(200);
    assert_eq!(published.json(), json!({ "result": { "error": "not_allowed" } }));
}

#[tokio::test]
async fn a_broker_vouches_for_certificates_only_if_the_settings_say_so() {
    let fingerprint = "ab".repeat(32);
    let certificate = json!([{ "method": "certificate", "isRequired": false }]);
    let asks = async |server: &Server, name: &str| {
        let call = server.broker().call(http::Method::POST, "/hooks/rabbitmq/user");
        let body = format!("username={name}&vhost=%2F");
        call.body("application/x-www-form-urlencoded", body)
            .await
            .expect(200)
            .text()
    };
    for (set, answer) in [("false", "deny"), ("true", "allow")] {
        let server = Server::start_set(&[("MUNIMENT_HOOKS_CERTIFICATES", set)]).await;
        let admin = server.admin().await;
        let with = json!({ "grantTypes": certificate, "password": null });
        let id = create_user_with(&admin, "ada", with).await;
        assert_eq!(asks(&server, "ada").await, "deny", "no certificate");
        let path = format!("/api/users/{id}/certificates");
        admin
            .post(&path, json!({ "fingerprint": fingerprint }))
            .await
            .expect(204);
        assert_eq!(asks(&server, "ada").await, answer, "{set}");
        assert_eq!(asks(&server, "nobody").await, "deny");
        assert_eq!(asks(&server, "admin").await, "deny", "only a password is granted");
        let password = json!([
            { "method": "certificate", "isRequired": true }, { "method": "password", "isRequired": true },
        ]);
        let both = json!({ "grantTypes": password, "password": PASSWORD });
        admin.put(format!("/api/users/{id}"), both).await.expect(200);
        assert_eq!(asks(&server, "ada").await, "deny", "two methods are required");
        assert!(
            !connects(&server, "ada", PASSWORD).await,
            "two methods are required"
        );
        admin
            .put(format!("/api/users/{id}"), json!({ "grantTypes": certificate }))
            .await
            .expect(200);
        admin
            .delete_with_body(&path, json!({ "fingerprint": fingerprint }))
            .await
            .expect(204);
        assert_eq!(asks(&server, "ada").await, "deny", "the certificate is gone");
    }
}

#[tokio::test]
async fn the_answer_to_a_guess_waits_as_long_as_at_a_login() {
    let server = Server::start().await;
    let admin = server.admin().await;
    create_user(&admin, "ada").await;
    for _ in 0..6 {
        assert!(!connects(&server, "ada", "a guess").await);
    }
    assert!(!server.rests().is_empty());
    server.advance(60 * MINUTE);
    assert!(connects(&server, "ada", PASSWORD).await);
}

#[tokio::test]
async fn a_message_larger_than_the_settings_allow_is_refused() {
    let server = Server::start_set(&[("MUNIMENT_HOOKS_BODY_BYTES", "100000")]).await;
    let admin = server.admin().await;
    create_user_with(
        &admin,
        "ada",
        json!({ "initialPermissions": [mqtt("#", "write")] }),
    )
    .await;
    let publish = async |bytes: usize| {
        let body = json!({ "username": "ada", "topic": "a", "payload": "a".repeat(bytes) });
        let call = server.broker().post("/hooks/vernemq", body);
        call.header("vernemq-hook", "auth_on_publish").await.expect(200)
    };
    assert_eq!(publish(99_000).await.json(), json!({ "result": "ok" }));
    let refused = publish(100_000).await;
    assert_eq!(refused.json(), json!({ "result": { "error": "not_allowed" } }));
    assert_eq!(
        refused.header("connection"),
        "close",
        "the rest of the body is not read"
    );
}

#[tokio::test]
async fn the_secret_is_never_logged() {
    let server = Server::start().await;
    let stranger = server.beside_brokers();
    let call = stranger.call(
        http::Method::POST,
        "/hooks/vernemq?secret=the-secret-of-the-brokers",
    );
    call.body("application/json", "{}").await.expect(200);
    assert!(server.log().contains("/hooks/vernemq"), "requests are logged");
    assert!(!server.log().contains("the-secret-of-the-brokers"));
}

#[tokio::test]
async fn the_servers_own_user_at_a_broker_is_never_a_device() {
    let brokers = json!([{ "kind": "rabbitmq", "url": "http://127.0.0.1:1", "username": "manager", "password": "hush" }]);
    let server = Server::start_set(&[("MUNIMENT_BROKERS", &brokers.to_string())]).await;
    let admin = server.admin().await;
    let registry = "/api/client-registry";
    let open = json!({ "duration": 600_000 });
    admin.post(format!("{registry}/open"), open).await.expect(204);
    for name in ["manager", "press.7"] {
        let body = json!({ "username": name, "password": PASSWORD });
        let call = server.broker().post("/hooks/emqx/authn", body);
        assert_eq!(call.await.expect(200).json()["result"], "deny", "{name}");
    }
    let listed = admin.get(registry).await.expect(200).json();
    assert_eq!(all(&listed, "username"), ["press.7"]);
    let body = json!({ "username": "manager", "password": PASSWORD });
    let call = server.anonymous().post(format!("{registry}/register"), body);
    call.await.expect_error(409);
}
