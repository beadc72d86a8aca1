//! Less rights means no session: the server closes sessions at a broker that answers like RabbitMQ, EMQX, VerneMQ or Mosquitto.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU16, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    body::{Bytes, to_bytes},
    extract::Request,
    http::StatusCode,
    response::IntoResponse,
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use crate::support::{
    client::Client,
    connectware::*,
    server::{Engine, Server, Site},
};

/// A broker with a management interface over HTTP. It notes what it is asked.
#[derive(Clone)]
struct Broker {
    port: u16,
    asked: Arc<Mutex<Vec<String>>>,
    status: Arc<AtomicU16>,
}

impl Broker {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let broker = Self {
            port: listener.local_addr().expect("an address").port(),
            asked: Arc::default(),
            status: Arc::new(AtomicU16::new(204)),
        };
        let answering = broker.clone();
        let router = Router::new().fallback(move |request: Request| answering.clone().answer(request));
        tokio::spawn(async { axum::serve(listener, router).await });
        broker
    }

    async fn answer(self, request: Request) -> impl IntoResponse {
        let credentials = request.headers().get("authorization").cloned();
        // manager:secret
        assert_eq!(credentials.expect("credentials"), "Basic bWFuYWdlcjpzZWNyZXQ=");
        let (parts, body) = request.into_parts();
        let body: Bytes = to_bytes(body, 1 << 20).await.expect("a body");
        let line = format!(
            "{} {} {}",
            parts.method,
            parts.uri,
            String::from_utf8_lossy(&body)
        );
        self.asked.lock().expect("no panic").push(line.trim().to_owned());
        let path = parts.uri.path();
        let answer = match path {
            "/api/v5/clients" => json!({ "data": [{ "clientid": "one" }, { "clientid": "two/2" }] }),
            "/api/v1/session/show" => json!({ "table": [{ "client_id": "one" }, { "client_id": "two/2" }] }),
            _ => Value::Null,
        };
        let status = self.status.load(Ordering::Relaxed);
        let status = StatusCode::from_u16(status).expect("a status");
        match answer {
            Value::Null => (status, String::new()),
            answer if status.is_success() => (StatusCode::OK, answer.to_string()),
            _ => (status, String::new()),
        }
    }

    /// The setting for brokers of these kinds at this address.
    fn setting(&self, kind: &str) -> String {
        let url = format!("http://127.0.0.1:{}", self.port);
        json!([{ "kind": kind, "url": url, "username": "manager", "password": "secret" }]).to_string()
    }

    /// Takes what the broker was asked since the last call, once it is as many requests as expected.
    async fn asked(&self, number: usize) -> Vec<String> {
        for _ in 0..400 {
            if self.asked.lock().expect("no panic").len() >= number {
                break;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        std::mem::take(&mut *self.asked.lock().expect("no panic"))
    }
}

async fn site(engine: Engine, broker: &Broker, kind: &str) -> Server {
    Site::new(engine)
        .with("MUNIMENT_BROKERS", &broker.setting(kind))
        .start()
        .await
}

fn closed(username: &str) -> String {
    format!("DELETE /api/connections/username/{username}")
}

async fn put(admin: &Client, id: &str, change: Value) {
    admin.put(format!("/api/users/{id}"), change).await.expect(200);
}

#[tokio::test]
async fn each_loss_closes_the_sessions_of_its_user_and_of_nobody_else() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let broker = Broker::start().await;
        let server = site(engine, &broker, "rabbitmq").await;
        let admin = server.admin().await;
        create_user(&admin, "bystander").await;
        let role = create_role(
            &admin,
            "presses",
            json!([mqtt("a/#", "write"), http("/api/x", "read")]),
        )
        .await;
        let more = json!({
            "roles": [role], "initialPermissions": [mqtt("b/#", "read")],
            "certificates": [{ "fingerprint": "ab".repeat(32) }],
        });
        let id = create_user_with(&admin, "press.7", more).await;
        let login = admin.login("press.7", PASSWORD).await;
        login.delete("/api/session").await.expect(204);
        assert_eq!(broker.asked(1).await, [closed("press.7")], "a token");
        for loss in [
            json!({ "password": "the second one" }),
            json!({ "mqttPublishPrefix": "site/7" }),
            json!({ "permissions": [] }),
            json!({ "roles": [] }),
            json!({ "grantTypes": [{ "method": "token", "isRequired": false }] }),
        ] {
            put(&admin, &id, loss.clone()).await;
            assert_eq!(broker.asked(1).await, [closed("press.7")], "{loss}");
        }
        let certificate = json!({ "fingerprint": "ab".repeat(32) });
        let path = format!("/api/users/{id}/certificates");
        admin.delete_with_body(path, certificate).await.expect(204);
        assert_eq!(broker.asked(1).await, [closed("press.7")], "a certificate");
        put(&admin, &id, json!({ "username": "press.8_\u{e9}" })).await;
        assert_eq!(broker.asked(1).await, [closed("press.7")], "the old name");
        admin
            .post(format!("/api/users/{id}/revoke"), json!({}))
            .await
            .expect(204);
        assert_eq!(broker.asked(1).await, [closed("press.8_%C3%A9")], "all of it");
        admin.delete(format!("/api/users/{id}")).await.expect(204);
        assert_eq!(broker.asked(1).await, [closed("press.8_%C3%A9")], "the user");
    }
}

#[tokio::test]
async fn what_takes_no_right_over_mqtt_closes_nothing() {
    let broker = Broker::start().await;
    let server = site(Engine::Sqlite, &broker, "rabbitmq").await;
    let admin = server.admin().await;
    let web = create_role(&admin, "web", json!([http("/api/x", "read")])).await;
    let more = json!({ "roles": [web], "initialPermissions": [http("/api/y", "read")] });
    let id = create_user_with(&admin, "press.7", more).await;
    put(&admin, &id, json!({ "permissions": [] })).await;
    put(&admin, &id, json!({ "roles": [] })).await;
    put(&admin, &id, json!({ "roles": [web] })).await;
    admin.delete(format!("/api/roles/{web}")).await.expect(204);
    put(&admin, &id, json!({ "permissions": [mqtt("a", "read")] })).await;
    put(&admin, &id, json!({ "enforceMFAEnrollment": true })).await;
    admin.login("press.7", PASSWORD).await;
    // Only then a loss. The requests come in the order of the events.
    put(&admin, &id, json!({ "permissions": [] })).await;
    assert_eq!(broker.asked(1).await, [closed("press.7")]);
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(broker.asked(0).await, [""; 0]);
}

#[tokio::test]
async fn a_role_that_grants_less_closes_the_sessions_of_all_its_holders() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let broker = Broker::start().await;
        let server = site(engine, &broker, "rabbitmq").await;
        let admin = server.admin().await;
        let rights = json!([mqtt("a/#", "write"), mqtt("b/#", "read"), http("/api/x", "read")]);
        let role = create_role(&admin, "presses", rights).await;
        for number in 7..9 {
            create_user_with(&admin, &format!("press.{number}"), json!({ "roles": [role] })).await;
        }
        create_user(&admin, "bystander").await;
        let all = vec![closed("press.7"), closed("press.8")];
        let path = format!("/api/roles/{role}/permissions");
        let of = async |resource: &str| {
            let found = admin.get(&path).await.expect(200).json();
            let mut found = list(&found).iter().filter(|held| held["resource"] == resource);
            id_of(found.next().expect("the permission"))
        };
        let narrow = json!({ "resource": "a/+", "operation": "write" });
        admin
            .put(format!("{path}/{}", of("a/#").await), narrow)
            .await
            .expect(204);
        assert_eq!(broker.asked(2).await, all);
        admin
            .delete(format!("{path}/{}", of("/api/x").await))
            .await
            .expect(204);
        admin
            .delete(format!("{path}/{}", of("b/#").await))
            .await
            .expect(204);
        assert_eq!(broker.asked(2).await, all);
        admin.delete(format!("/api/roles/{role}")).await.expect(204);
        assert_eq!(broker.asked(2).await, all);
    }
}

#[tokio::test]
async fn a_broker_that_is_down_is_told_later_and_nobody_waits() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let broker = Broker::start().await;
        let server = site(engine, &broker, "rabbitmq").await;
        let admin = server.admin().await;
        let id = create_user(&admin, "press.7").await;
        broker.status.store(503, Ordering::Relaxed);
        put(&admin, &id, json!({ "password": "the second one" })).await;
        // It is tried again and again.
        let tried = broker.asked(3).await;
        assert!(tried.iter().all(|one| *one == closed("press.7")), "{tried:?}");
        admin.delete(format!("/api/users/{id}")).await.expect(204);
        // A crash between the event and the kick loses neither, not even the name of the user.
        let server = server.kill9().await;
        let doctor = server.run(&["doctor"]).await;
        let said = String::from_utf8_lossy(&doctor.stdout).into_owned();
        assert!(said.contains("was not told about the last"), "{said}");
        broker.asked(0).await;
        broker.status.store(204, Ordering::Relaxed);
        let server = server.start().await;
        let told = broker.asked(1).await;
        assert!(
            !told.is_empty() && told.iter().all(|one| *one == closed("press.7")),
            "{told:?}"
        );
        // What was told is not told again.
        tokio::time::sleep(Duration::from_millis(1_500)).await;
        let server = server.restart().await;
        broker.asked(0).await;
        let admin = server.admin().await;
        let id = create_user(&admin, "press.9").await;
        put(&admin, &id, json!({ "password": "the second one" })).await;
        assert_eq!(broker.asked(1).await, [closed("press.9")]);
    }
}

#[tokio::test]
async fn a_loss_on_one_node_reaches_the_broker_of_another() {
    let broker = Broker::start().await;
    let one = Server::start(Engine::Postgres).await;
    let setting = broker.setting("rabbitmq");
    let _other = one
        .site()
        .second_node()
        .with("MUNIMENT_BROKERS", &setting)
        .start()
        .await;
    let admin = one.admin().await;
    let id = create_user(&admin, "press.7").await;
    // The other node may take its first position only now.
    tokio::time::sleep(Duration::from_millis(500)).await;
    admin
        .post(format!("/api/users/{id}/revoke"), json!({}))
        .await
        .expect(204);
    assert_eq!(broker.asked(1).await, [closed("press.7")]);
}

#[tokio::test]
async fn emqx_and_vernemq_are_asked_as_their_documents_say() {
    let kick_out = [
        "GET /api/v5/clients?username=press.7&limit=1000&page=1",
        r#"POST /api/v5/clients/kickout/bulk ["one","two/2"]"#,
    ];
    let disconnect = [
        "GET /api/v1/webhooks/cache/clear",
        "GET /api/v1/session/show?--user=press.7&--client_id",
        "GET /api/v1/session/disconnect?client-id=one&--cleanup",
        "GET /api/v1/session/disconnect?client-id=two%2F2&--cleanup",
    ];
    for (kind, expected) in [("emqx", &kick_out[..]), ("vernemq", &disconnect[..])] {
        let broker = Broker::start().await;
        let server = site(Engine::Sqlite, &broker, kind).await;
        let admin = server.admin().await;
        let id = create_user(&admin, "press.7").await;
        put(&admin, &id, json!({ "password": "the second one" })).await;
        assert_eq!(broker.asked(expected.len()).await, expected);
    }
}

#[tokio::test]
async fn mosquitto_gets_a_command_over_mqtt() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let setting = json!([{
        "kind": "mosquitto", "url": format!("mqtt://127.0.0.1:{port}"), "username": "manager", "password": "secret",
    }]);
    let server = Site::new(Engine::Sqlite)
        .with("MUNIMENT_BROKERS", &setting.to_string())
        .start()
        .await;
    let admin = server.admin().await;
    let id = create_user(&admin, "press.7").await;
    put(&admin, &id, json!({ "password": "the second one" })).await;
    assert_eq!(
        commands(&listener).await,
        json!([{ "command": "disableClient", "username": "press.7" }, { "command": "enableClient", "username": "press.7" }])
    );
    admin.delete(format!("/api/users/{id}")).await.expect(204);
    let deleted = json!([{ "command": "deleteClient", "username": "press.7" }]);
    assert_eq!(commands(&listener).await, deleted);
}

/// Takes one connection as a broker for MQTT 3.1.1, and returns the commands that come over it.
async fn commands(listener: &TcpListener) -> Value {
    let (mut stream, _) = listener.accept().await.expect("a connection");
    let mut packet = async || {
        let kind = stream.read_u8().await.expect("a packet");
        let (mut length, mut shift) = (0, 0);
        loop {
            let digit = usize::from(stream.read_u8().await.expect("a length"));
            length |= (digit & 0x7f) << shift;
            shift += 7;
            if digit < 0x80 {
                break;
            }
        }
        let mut rest = vec![0; length];
        stream.read_exact(&mut rest).await.expect("the rest");
        let answer: &[u8] = match kind {
            0x10 => &[0x20, 2, 0, 0],
            _ => &[0x40, 2, 0, 1],
        };
        stream.write_all(answer).await.expect("an answer");
        (kind, rest)
    };
    let (kind, connect) = packet().await;
    assert_eq!(kind, 0x10);
    assert_eq!(connect, b"\0\x04MQTT\x04\xc2\0\x1e\0\0\0\x07manager\0\x06secret");
    let (kind, publish) = packet().await;
    assert_eq!(kind, 0x32);
    let topic = b"\0\x1c$CONTROL/dynamic-security/v1\0\x01";
    let payload = publish.strip_prefix(topic.as_slice()).expect("the topic");
    let payload: Value = serde_json::from_slice(payload).expect("JSON");
    payload["commands"].clone()
}

#[tokio::test]
async fn settings_that_are_no_brokers_stop_the_start_and_are_not_repeated() {
    for wrong in [
        "hush",
        "{}",
        r#"[{"kind": "hush", "url": "http://h:1", "username": "a", "password": "hush"}]"#,
    ] {
        let site = Site::new(Engine::Sqlite).with("MUNIMENT_BROKERS", wrong);
        let (status, said) = site.refuses_to_start().await;
        assert!(!status.success());
        assert!(said.contains("brokers") && !said.contains("hush"), "{said}");
    }
}
