//! Less rights means no session: the server closes sessions at a broker that answers like RabbitMQ, EMQX, VerneMQ or Mosquitto.

use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU16, AtomicUsize, Ordering},
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
use tokio::{net::TcpListener, sync::watch};

use crate::support::{
    client::Client,
    connectware::*,
    doctor::doctor_says,
    server::{Engine, Server, Site},
};

/// A broker with a management interface over HTTP. It notes what it is asked.
#[derive(Clone)]
struct Broker {
    port: u16,
    asked: Arc<Mutex<Vec<String>>>,
    status: Arc<AtomicU16>,
    /// Users whose sessions the broker refuses to end.
    refuses: Arc<Mutex<BTreeSet<String>>>,
    /// How many requests must have been there at the same time before any is answered.
    together: Arc<AtomicUsize>,
    /// How many requests are there, and the most so far.
    waiting: Arc<watch::Sender<(usize, usize)>>,
}

impl Broker {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let broker = Self {
            port: listener.local_addr().expect("an address").port(),
            asked: Arc::default(),
            status: Arc::new(AtomicU16::new(204)),
            refuses: Arc::default(),
            together: Arc::default(),
            waiting: Arc::default(),
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
        self.wait_for_others().await;
        let path = parts.uri.path();
        let (_, last) = path.rsplit_once('/').expect("a path");
        if self.refuses.lock().expect("no panic").contains(last) {
            return (StatusCode::INTERNAL_SERVER_ERROR, String::new());
        }
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

    async fn wait_for_others(&self) {
        let together = self.together.load(Ordering::Relaxed);
        self.waiting
            .send_modify(|(now, most)| (*now, *most) = (*now + 1, (*most).max(*now + 1)));
        let mut waiting = self.waiting.subscribe();
        let waited = waiting.wait_for(|(_, most)| *most >= together).await;
        drop(waited.expect("the sender lives"));
        self.waiting.send_modify(|(now, _)| *now -= 1);
    }

    fn refuse_about(&self, users: &[&str]) {
        *self.refuses.lock().expect("no panic") = users.iter().map(|&user| user.to_owned()).collect();
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

    /// The same, sorted: the sessions of several users end at the same time.
    async fn asked_in_any_order(&self, number: usize) -> Vec<String> {
        let mut asked = self.asked(number).await;
        asked.sort();
        asked
    }

    /// Takes what the broker is asked until it is as many different requests as expected.
    async fn asked_about(&self, number: usize) -> BTreeSet<String> {
        let mut asked = BTreeSet::new();
        for _ in 0..400 {
            asked.extend(self.asked(1).await);
            if asked.len() >= number {
                break;
            }
        }
        assert_eq!(asked.len(), number, "{asked:?}");
        asked
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
    admin.login("press.7", PASSWORD).await;
    // Only then a loss. The requests come in the order of the events.
    put(&admin, &id, json!({ "permissions": [] })).await;
    assert_eq!(broker.asked(1).await, [closed("press.7")]);
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(broker.asked(0).await, [""; 0]);
}

#[tokio::test]
async fn a_right_that_another_grant_covers_closes_nothing_when_it_is_taken() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let broker = Broker::start().await;
        let server = site(engine, &broker, "rabbitmq").await;
        let admin = server.admin().await;
        let wide = create_role(&admin, "wide", json!([mqtt("a/#", "readWrite")])).await;
        let narrow = create_role(&admin, "narrow", json!([mqtt("a/+", "write")])).await;
        for (name, roles) in [("press.7", json!([wide, narrow])), ("press.8", json!([narrow]))] {
            create_user_with(&admin, name, json!({ "roles": roles })).await;
        }
        let path = format!("/api/roles/{narrow}/permissions");
        let held = admin.get(&path).await.expect(200).json();
        let permission = id_of(&list(&held)[0]);
        admin.delete(format!("{path}/{permission}")).await.expect(204);
        assert_eq!(broker.asked(1).await, [closed("press.8")], "the other holder");
        admin.delete(format!("/api/roles/{narrow}")).await.expect(204);
        assert_eq!(
            broker.asked(1).await,
            [closed("press.8")],
            "all that the role ever granted"
        );
        // Only then a loss of the first one. The requests come in the order of the events.
        admin.delete(format!("/api/roles/{wide}")).await.expect(204);
        assert_eq!(broker.asked(1).await, [closed("press.7")]);
    }
}

#[tokio::test]
async fn a_broker_that_was_removed_from_the_settings_is_named_and_can_be_forgotten() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let broker = Broker::start().await;
        let server = site(engine, &broker, "rabbitmq").await;
        let admin = server.admin().await;
        let id = create_user(&admin, "press.7").await;
        broker.status.store(503, Ordering::Relaxed);
        put(&admin, &id, json!({ "password": "the second one" })).await;
        let url = format!("http://127.0.0.1:{}", broker.port);
        doctor_says(server.site(), "still has to end the sessions of 1 users").await;
        let refused = server.site().run(&["kicks", "forget", &url]).await;
        assert!(!refused.status.success(), "it is in the settings");
        let server = server.terminate().await.without("MUNIMENT_BROKERS").start().await;
        let kept = format!("rabbitmq {url} (1 users)");
        assert!(server.log().contains(&kept), "{}", server.log());
        doctor_says(server.site(), &kept).await;
        // It also works while the server runs.
        let forgot = server.site().run(&["kicks", "forget", &url]).await;
        assert!(forgot.status.success(), "{forgot:?}");
        let doctor = server.site().run(&["doctor"]).await;
        let said = String::from_utf8_lossy(&doctor.stdout).into_owned();
        assert!(!said.contains(&url), "{said}");
        let again = server.site().run(&["kicks", "forget", &url]).await;
        assert!(!again.status.success(), "nothing is left");
    }
}

#[tokio::test]
async fn of_two_brokers_with_one_url_the_one_that_is_named_is_forgotten() {
    let broker = Broker::start().await;
    let url = format!("http://127.0.0.1:{}", broker.port);
    let settings = |kinds: &[&str]| {
        let each = kinds
            .iter()
            .map(|kind| json!({ "kind": kind, "url": url, "username": "user", "password": "secret" }));
        Value::Array(each.collect()).to_string()
    };
    let server = Site::new(Engine::Sqlite)
        .with("MUNIMENT_BROKERS", &settings(&["rabbitmq", "emqx"]))
        .start()
        .await;
    let admin = server.admin().await;
    let id = create_user(&admin, "press.7").await;
    broker.status.store(503, Ordering::Relaxed);
    put(&admin, &id, json!({ "password": "the second one" })).await;
    let (rabbitmq, emqx) = (format!("rabbitmq {url}"), format!("emqx {url}"));
    let site = server.terminate().await;
    let forget = async |site: &Site, named: &str| {
        let done = site.run(&["kicks", "forget", named]).await;
        let said = String::from_utf8_lossy(&done.stdout).into_owned();
        (
            done.status.success(),
            said + &String::from_utf8_lossy(&done.stderr),
        )
    };
    // One of them is still in use.
    let site = site.with("MUNIMENT_BROKERS", &settings(&["emqx"]));
    let (done, said) = forget(&site, &emqx).await;
    assert!(!done && said.contains("is in the setting BROKERS"), "{said}");
    let site = site.without("MUNIMENT_BROKERS");
    let (done, said) = forget(&site, &url).await;
    assert!(
        !done && said.contains(&rabbitmq) && said.contains(&emqx),
        "{said}"
    );
    let site = site.with("MUNIMENT_BROKERS", &settings(&["emqx"]));
    let (done, said) = forget(&site, &url).await;
    assert!(done && said.contains(&format!("forgot {rabbitmq}")), "{said}");
    let site = site.without("MUNIMENT_BROKERS");
    let (done, said) = forget(&site, &emqx).await;
    assert!(done && said.contains(&format!("forgot {emqx}")), "{said}");
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
        assert_eq!(broker.asked_in_any_order(2).await, all);
        admin
            .delete(format!("{path}/{}", of("/api/x").await))
            .await
            .expect(204);
        admin
            .delete(format!("{path}/{}", of("b/#").await))
            .await
            .expect(204);
        assert_eq!(broker.asked_in_any_order(2).await, all);
        admin.delete(format!("/api/roles/{role}")).await.expect(204);
        assert_eq!(broker.asked_in_any_order(2).await, all);
    }
}

/// The kicks follow the ledger later than it grows: when they see that the role lost a right, nobody holds the role any more.
#[tokio::test]
async fn a_role_that_is_taken_after_it_lost_its_rights_closes_the_sessions_too() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let broker = Broker::start().await;
        let server = site(engine, &broker, "rabbitmq").await;
        let admin = server.admin().await;
        let mut held = Vec::new();
        for (name, user) in [
            ("presses", "press.7"),
            ("lathes", "lathe.8"),
            ("clerks", "clerk.9"),
        ] {
            let rights = match name {
                "clerks" => json!([http("/api/x", "read")]),
                _ => json!([mqtt("a/#", "write"), mqtt("b/#", "read")]),
            };
            let role = create_role(&admin, name, rights).await;
            let user = create_user_with(&admin, user, json!({ "roles": [role] })).await;
            held.push((role, user));
        }
        let broken = server.terminate().await.without("MUNIMENT_BROKERS").start().await;
        let admin = broken.admin().await;
        for (role, _) in &held {
            let path = format!("/api/roles/{role}/permissions");
            let rights = admin.get(&path).await.expect(200).json();
            for right in list(&rights) {
                admin.delete(format!("{path}/{}", id_of(right))).await.expect(204);
            }
        }
        let [(presses, press), (lathes, _), (clerks, clerk)] = held.as_slice() else {
            panic!("three roles: {held:?}");
        };
        for (role, user) in [(presses, press), (clerks, clerk)] {
            let body = json!({ "roleId": role });
            admin
                .delete_with_body(format!("/api/users/{user}/roles"), body)
                .await
                .expect(204);
        }
        admin.delete(format!("/api/roles/{lathes}")).await.expect(204);
        let site = broken.terminate().await;
        let _server = site
            .with("MUNIMENT_BROKERS", &broker.setting("rabbitmq"))
            .start()
            .await;
        let all = BTreeSet::from([closed("lathe.8"), closed("press.7")]);
        assert_eq!(broker.asked_about(2).await, all);
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
        let is_noted = said.contains("still has to end the sessions of")
            && said.contains("the last try failed: the broker answers 503");
        // The kick for the password ends when the user is gone. Then the crash may come before the server looks at the deletion.
        let is_before = said.contains("was not told about the last 1 events");
        assert!(is_noted || is_before, "{said}");
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
        "GET /api/v1/session/show?--user=press.7&--client_id&--limit=100000",
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
async fn a_user_about_whom_the_broker_refuses_holds_nobody_back_and_is_not_forgotten() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let broker = Broker::start().await;
        let server = site(engine, &broker, "rabbitmq").await;
        let admin = server.admin().await;
        // More than the failures in a row after which the server leaves a broker alone.
        let names: Vec<String> = (0..20).map(|number| format!("press.{number}")).collect();
        let role = create_role(&admin, "presses", json!([mqtt("a/#", "write")])).await;
        for name in &names {
            create_user_with(&admin, name, json!({ "roles": [role] })).await;
        }
        let other = create_user(&admin, "other").await;
        let refused: Vec<&str> = names.iter().map(String::as_str).collect();
        broker.refuse_about(&refused);
        admin.delete(format!("/api/roles/{role}")).await.expect(204);
        put(&admin, &other, json!({ "password": "the second one" })).await;
        // All are tried again and again, and the other one in between.
        let asked = broker.asked_about(21).await;
        assert!(asked.contains(&closed("other")));
        let left = "was asked about every event; still has to end the sessions of 20 users";
        doctor_says(server.site(), left).await;
        let said = doctor_says(server.site(), "the last try failed: the broker answers 500").await;
        assert!(!said.contains("press."), "{said}");
        // A crash loses none of them.
        let server = server.kill9().await;
        doctor_says(&server, left).await;
        broker.asked(0).await;
        broker.refuse_about(&["press.7"]);
        let server = server.start().await;
        let asked = broker.asked_about(20).await;
        assert!(!asked.contains(&closed("other")), "told before");
        broker.refuse_about(&[]);
        let said = doctor_says(server.site(), "was told everything\n").await;
        assert!(said.contains("brokers: 1 of 1"), "{said}");
    }
}

#[tokio::test]
async fn the_sessions_of_many_users_end_at_the_same_time() {
    let broker = Broker::start().await;
    let server = site(Engine::Sqlite, &broker, "rabbitmq").await;
    let admin = server.admin().await;
    let role = create_role(&admin, "presses", json!([mqtt("a/#", "write")])).await;
    let mut all = BTreeSet::new();
    for number in 0..40 {
        let name = format!("press.{number}");
        create_user_with(&admin, &name, json!({ "roles": [role] })).await;
        all.insert(closed(&name));
    }
    broker.together.store(8, Ordering::Relaxed);
    admin.delete(format!("/api/roles/{role}")).await.expect(204);
    assert_eq!(broker.asked_about(40).await, all);
    let (_, most) = *broker.waiting.borrow();
    assert!((8..=16).contains(&most), "{most} requests at the same time");
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
