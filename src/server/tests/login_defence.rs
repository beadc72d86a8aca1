//! Wrong passwords: whom they slow down, and whom they do not.

use std::time::Duration;

use http::Method;
use kit::{
    client::{Client, Response},
    connectware::*,
    server::{ADMIN_PASSWORD, Server},
};
use projections::sql::sql;
use serde_json::json;
use server::{
    Credential, Face, Listener,
    identity::{look_for_clearings, recall_logins},
};
use tokio::task::JoinSet;
use utoipa::openapi::OpenApi;

/// A hold that everybody notices.
const LONG: Duration = Duration::from_millis(1_900);

/// How long those who flood wait after a refusal. In the same process, they would take all of its time otherwise.
const A_MOMENT: Duration = Duration::from_millis(20);

async fn log_in(client: &Client, name: &str, password: &str) -> Response {
    let body = json!({ "username": name, "password": password });
    client.post("/api/login", body).await
}

/// Fails so many times. Returns how long the last answer waited.
async fn fail(server: &Server, from: &str, name: &str, times: usize) -> Duration {
    let client = server.anonymous().at(from);
    for number in 0..times {
        server.rests();
        log_in(&client, name, &format!("wrong {number}"))
            .await
            .expect_error(401);
    }
    server.rests().iter().sum()
}

#[tokio::test]
async fn after_ten_failures_of_an_address_the_next_answers_wait() {
    let server = Server::start().await;
    create_user(&server.admin().await, "ada").await;
    assert_eq!(fail(&server, "127.0.0.1", "ada", 1).await, Duration::ZERO);
    assert!(fail(&server, "127.0.0.1", "ada", 10).await >= LONG);
    // A right password does not wait, wherever it comes from.
    for from in ["127.0.0.1", "127.0.0.2", "2001:db8::1"] {
        server.rests();
        let client = server.anonymous().at(from);
        log_in(&client, "ada", PASSWORD).await.expect(200);
        client
            .basic("ada", PASSWORD)
            .get("/api/session")
            .await
            .expect(200);
        assert!(server.rests().is_empty(), "{from}");
    }
    assert_eq!(
        fail(&server, "127.0.0.2", "ada", 1).await,
        Duration::ZERO,
        "another address"
    );
}

#[tokio::test]
async fn names_that_do_not_exist_wait_as_others_do() {
    let server = Server::start().await;
    create_user(&server.admin().await, "ada").await;
    let mut waits = Vec::new();
    for (name, from) in [
        ("ada", "127.0.0.2"),
        ("nobody", "127.0.0.3"),
        ("no name", "127.0.0.4"),
        ("", "127.0.0.5"),
    ] {
        log_in(&server.anonymous().at(from), "admin", ADMIN_PASSWORD)
            .await
            .expect(200);
        let mut of_name = Vec::new();
        for _ in 0..12 {
            of_name.push(fail(&server, from, name, 1).await);
        }
        waits.push(of_name);
    }
    assert!(waits.iter().all(|of_name| *of_name == waits[0]), "{waits:?}");
}

/// An operation of a face that needs a credential.
fn needs_a_credential(face: &Face, document: &OpenApi) -> Option<(Method, String)> {
    let paths = document.paths.paths.iter();
    paths
        .flat_map(|(path, item)| {
            let get = item.get.as_ref().map(|_| (Method::GET, "get"));
            let post = item.post.as_ref().map(|_| (Method::POST, "post"));
            [get, post]
                .into_iter()
                .flatten()
                .map(move |(method, name)| (method, name, path))
        })
        .find(|(_, name, path)| !face.public.contains(&(*name, path.as_str())) && !path.contains('{'))
        .map(|(method, _, path)| (method, path.clone()))
}

#[tokio::test]
async fn basic_counts_like_a_login_on_every_face() {
    let server = Server::start().await;
    create_user(&server.admin().await, "ada").await;
    let (mut number, mut checked) = (0, 0);
    for face in server
        .app()
        .faces
        .on(Listener::Clients)
        .filter(|face| face.credentials.contains(&Credential::Basic))
    {
        number += 1;
        let from = format!("127.0.1.{number}");
        log_in(&server.anonymous().at(&from), "admin", ADMIN_PASSWORD)
            .await
            .expect(200);
        let wrong = server.anonymous().at(&from).basic("ada", "wrong");
        let document = (face.routes)().into_openapi();
        let Some((method, path)) = needs_a_credential(face, &document) else {
            continue;
        };
        checked += 1;
        for _ in 0..10 {
            server.rests();
            let answer = wrong.call(method.clone(), path.as_str()).await;
            assert_eq!(answer.status, 401, "{} {path}", face.name);
        }
        assert!(server.rests().iter().sum::<Duration>() >= LONG, "{}", face.name);
    }
    assert!(checked > 0);
}

#[tokio::test]
async fn an_address_from_which_nobody_logged_in_is_refused_after_ten_failures() {
    let server = Server::start().await;
    create_user(&server.admin().await, "ada").await;
    let stranger = server.anonymous().at("2001:db8:1:1::1");
    fail(&server, "2001:db8:1:1::1", "ada", 10).await;
    log_in(&stranger, "ada", "wrong").await.expect_error(401);
    for from in ["2001:db8:1:1::1", "2001:db8:1:1:ffff::2"] {
        let refused = log_in(&server.anonymous().at(from), "ada", "wrong").await;
        assert_eq!(refused.expect_error(429).code, "too_many_failures");
        assert_eq!(refused.header("retry-after"), "1");
        let basic = server.anonymous().at(from).basic("ada", "wrong");
        basic.get("/api/session").await.expect_error(429);
    }
    // The next network, and the owner at a known address, are free.
    log_in(&server.anonymous().at("2001:db8:1:2::1"), "ada", "wrong")
        .await
        .expect_error(401);
    log_in(&server.anonymous(), "ada", PASSWORD).await.expect(200);
    // A second later, the network may try again. A right password makes it a known one.
    server.stand_still(Duration::from_secs(1));
    log_in(&stranger, "ada", PASSWORD).await.expect(200);
    log_in(&stranger, "ada", PASSWORD).await.expect(200);
}

#[tokio::test]
async fn clients_behind_a_trusted_proxy_are_told_apart() {
    let server = Server::start_set(&[("MUNIMENT_TRUSTED_PROXIES", "127.0.0.1")]).await;
    create_user(&server.admin().await, "ada").await;
    let wrong = |client: &'static str| {
        let proxy = server.anonymous();
        async move {
            let body = json!({ "username": "ada", "password": "wrong" });
            proxy
                .post("/api/login", body)
                .header("x-forwarded-for", client)
                .await
        }
    };
    for _ in 0..9 {
        server.rests();
        wrong("203.0.113.1").await.expect_error(401);
    }
    assert!(server.rests().iter().sum::<Duration>() >= Duration::from_secs(1));
    wrong("203.0.113.2").await.expect_error(401);
    assert!(server.rests().is_empty());
}

#[tokio::test]
async fn the_old_password_of_a_change_counts_like_a_login() {
    let server = Server::start().await;
    create_user(&server.admin().await, "ada").await;
    let ada = server.anonymous().login("ada", PASSWORD).await;
    let change = |old: &str| json!({ "password": old, "newPassword": "another password" });
    for _ in 0..9 {
        server.rests();
        let refused = ada.put("/api/users/change-password", change("wrong")).await;
        assert_eq!(refused.expect_error(400).code, "wrong_password");
    }
    assert!(server.rests().iter().sum::<Duration>() >= Duration::from_secs(1));
    ada.put("/api/users/change-password", change(PASSWORD))
        .await
        .expect(204);
    assert!(server.rests().is_empty());
}

#[tokio::test]
async fn an_administrator_clears_the_failures_of_a_user() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let ada = create_user(&admin, "ada").await;
    let path = format!("/api/users/{ada}/login-failures");
    assert!(fail(&server, "127.0.0.1", "ada", 12).await >= LONG);
    let cleared = admin.delete(&path).await.expect(204);
    assert!(cleared.header("muniment-position").parse::<u64>().is_ok());
    assert_eq!(fail(&server, "127.0.0.1", "ada", 1).await, Duration::ZERO);
    // Nodes that look later do not forget again what came after.
    fail(&server, "127.0.0.1", "ada", 12).await;
    look_for_clearings(server.app()).await.expect("a look");
    assert!(fail(&server, "127.0.0.1", "ada", 1).await >= LONG);

    admin
        .delete(format!("/api/users/{NOBODY}/login-failures"))
        .await
        .expect_error(404);
    admin
        .delete("/api/users/x/login-failures")
        .await
        .expect_error(400);
    let grace = caller(&admin, "grace", json!([])).await;
    grace.delete(&path).await.expect_error(403);
    let helper = caller(
        &admin,
        "helper",
        json!([http("/api/users/+/login-failures", "write")]),
    )
    .await;
    helper.delete(&path).await.expect(204);
}

#[tokio::test]
async fn where_users_logged_in_is_known_after_a_restart() {
    let server = Server::start().await;
    let admin = server.admin().await;
    create_user(&admin, "ada").await;
    log_in(&server.anonymous().at("192.0.2.7"), "ada", PASSWORD)
        .await
        .expect(200);
    assert_eq!(recall_logins(server.app()).await.expect("the ledger"), 2);
    let logins = server
        .app()
        .ledger()
        .recent_logins(1_000)
        .await
        .expect("the ledger");
    assert_eq!(logins[1].address, "192.0.2.7");
    assert_eq!(
        server.app().ledger().recent_logins(1).await.expect("the ledger"),
        logins[1..]
    );
}

#[tokio::test]
async fn a_past_login_that_cannot_be_read_hides_no_other() {
    let server = Server::start().await;
    let admin = server.admin().await;
    for (name, address) in [
        ("ada", "192.0.2.7"),
        ("grace", "192.0.2.8"),
        ("mary", "192.0.2.9"),
    ] {
        create_user(&admin, name).await;
        log_in(&server.anonymous().at(address), name, PASSWORD)
            .await
            .expect(200);
    }
    let ledger = server.app().ledger();
    let found = async || {
        let logins = ledger.recent_logins(1_000).await.expect("the ledger");
        logins.into_iter().map(|login| login.address).collect::<Vec<_>>()
    };
    assert_eq!(found().await[1..], ["192.0.2.7", "192.0.2.8", "192.0.2.9"]);
    let logins = "SELECT position FROM events WHERE event_type = 'session.token_issued' ORDER BY position";
    let rows = ledger.db().all(sql(logins)).await.expect("rows");
    let positions: Vec<i64> = rows.iter().map(|row| row.int(0).expect("a position")).collect();
    // A box that does not open, a text that is no box, and a payload without a user.
    for (column, value, position) in [
        (
            "metadata",
            "replace(metadata, '\"address\":\"', '\"address\":\"AAAA')",
            positions[1],
        ),
        (
            "metadata",
            "replace(metadata, '\"address\":\"', '\"address\":\"?')",
            positions[2],
        ),
        ("payload", "'{}'", positions[3]),
    ] {
        let damage = format!("UPDATE events SET {column} = {value} WHERE position = {position}");
        assert_eq!(ledger.db().execute(sql(damage)).await.expect("an update"), 1);
    }
    assert_eq!(found().await, ["127.0.0.1"]);
    assert_eq!(recall_logins(server.app()).await.expect("the ledger"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_one_address_refuses_nobody_else() {
    // Hashes that take their time, and a short queue.
    let settings = [
        ("MUNIMENT_PASSWORD_MEMORY_KIB", "512"),
        ("MUNIMENT_PASSWORD_QUEUE", "16"),
        ("MUNIMENT_PASSWORD_WORKERS", "1"),
    ];
    let server = Server::start_set(&settings).await;
    let admin = server.admin().await;
    for name in ["ada", "grace"] {
        create_user(&admin, name).await;
        log_in(&server.anonymous(), name, PASSWORD).await.expect(200);
    }
    let mut flood = JoinSet::new();
    for task in 0..64 {
        let client = server.anonymous();
        flood.spawn(async move {
            let mut number = 0;
            loop {
                number += 1;
                let name = if task % 2 == 0 { "ada" } else { "nobody" };
                let answer = log_in(&client, name, &format!("{task} {number}")).await;
                answer.expect_error_in(&[401, 429]);
                if answer.status == 429 {
                    tokio::time::sleep(A_MOMENT).await;
                }
            }
        });
    }
    tokio::task::yield_now().await;
    for number in 0..10 {
        let elsewhere = format!("192.0.2.{number}");
        // The same address as the flood, with another name; and another address, with the name that is attacked.
        for (from, name) in [("127.0.0.1", "grace"), (elsewhere.as_str(), "ada")] {
            log_in(&server.anonymous().at(from), name, PASSWORD)
                .await
                .expect(200);
        }
        // At the same address, one of sixteen guesses looks like the owner's password. If these alone fill the queue, the lot may refuse the
        // owner, but seldom.
        let mut answers = Vec::new();
        while answers
            .last()
            .is_none_or(|answer: &Response| answer.status == 429)
        {
            assert!(answers.len() < 6, "the owner is refused again and again");
            answers.push(log_in(&server.anonymous(), "ada", PASSWORD).await);
        }
        answers.pop().expect("an answer").expect(200);
        admin.get("/api/session").await.expect(200);
    }
    flood.abort_all();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_who_sets_passwords_keeps_nobody_from_logging_in() {
    let settings = [
        ("MUNIMENT_PASSWORD_MEMORY_KIB", "512"),
        ("MUNIMENT_PASSWORD_QUEUE", "16"),
        ("MUNIMENT_PASSWORD_WORKERS", "1"),
    ];
    let server = Server::start_set(&settings).await;
    let admin = server.admin().await;
    let helper = caller(&admin, "helper", json!([http("/api/users/#", "write")])).await;
    let target = create_user(&admin, "target").await;
    create_user(&admin, "ada").await;
    let mut flood = JoinSet::new();
    for task in 0..64 {
        let (helper, target) = (helper.clone(), target.clone());
        flood.spawn(async move {
            for number in 0.. {
                let answer = match task % 3 {
                    0 => {
                        helper
                            .post("/api/users", user(&format!("new.{task}.{number}"), json!({})))
                            .await
                    }
                    1 => helper.post("/api/users", user("target", json!({}))).await,
                    _ => {
                        helper
                            .put(format!("/api/users/{target}"), json!({ "password": PASSWORD }))
                            .await
                    }
                };
                answer.expect_error_in(&[200, 201, 409, 429]);
                if answer.status > 300 {
                    tokio::time::sleep(A_MOMENT).await;
                }
            }
        });
    }
    tokio::task::yield_now().await;
    for number in 0..20 {
        let elsewhere = format!("192.0.2.{number}");
        for from in ["127.0.0.1", elsewhere.as_str()] {
            log_in(&server.anonymous().at(from), "ada", PASSWORD)
                .await
                .expect(200);
        }
        // Other callers set passwords meanwhile.
        let new = user(&format!("device.{number}"), json!({}));
        admin.post("/api/users", new).await.expect(201);
    }
    flood.abort_all();
}

/// How many events and statements a login reads.
async fn cost_of(server: &Server, from: &str, name: &str, password: &str, status: u16) -> (u64, u64) {
    let loads = server.app().ledger().loads();
    let before = (loads.events(), loads.look_ups());
    log_in(&server.anonymous().at(from), name, password)
        .await
        .expect(status);
    (loads.events() - before.0, loads.look_ups() - before.1)
}

#[tokio::test]
async fn a_refused_login_does_not_read_a_user_twice() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let large = create_user(&admin, "large").await;
    for number in 0..20 {
        let own = json!({ "permissions": [mqtt(&format!("plant/{number}"), "read")] });
        admin.put(format!("/api/users/{large}"), own).await.expect(200);
    }
    let cost = async |name, from, password, status| cost_of(&server, from, name, password, status).await;
    assert!(
        cost("large", "192.0.2.1", "wrong", 401).await.0 > 0,
        "the first reads the user"
    );
    let unknown = cost("nobody", "192.0.2.2", "wrong", 401).await;
    assert_eq!(cost("large", "192.0.2.3", "wrong", 401).await, unknown);
    // What does not concern the password changes nothing.
    let own = json!({ "permissions": [] });
    admin.put(format!("/api/users/{large}"), own).await.expect(200);
    assert_eq!(cost("large", "192.0.2.4", "wrong", 401).await, unknown);
    log_in(&server.anonymous(), "large", PASSWORD).await.expect(200);
    // Another password counts at once, and so does a lost grant type.
    let new = json!({ "password": "another password" });
    admin.put(format!("/api/users/{large}"), new).await.expect(200);
    log_in(&server.anonymous(), "large", PASSWORD)
        .await
        .expect_error(401);
    log_in(&server.anonymous(), "large", "another password")
        .await
        .expect(200);
    let none = json!({ "grantTypes": [{ "method": "token", "isRequired": false }] });
    admin.put(format!("/api/users/{large}"), none).await.expect(200);
    log_in(&server.anonymous(), "large", "another password")
        .await
        .expect_error(401);
}

#[tokio::test]
async fn what_a_login_reads_does_not_depend_on_the_history() {
    let server = Server::start().await;
    let admin = server.admin().await;
    create_user(&admin, "fresh").await;
    let old = create_user(&admin, "old").await;
    for number in 0..150 {
        let change = json!({ "mqttPublishPrefix": format!("plant/{number}") });
        admin.put(format!("/api/users/{old}"), change).await.expect(200);
    }
    // The address differs, so that no answer waits.
    let fresh = cost_of(&server, "192.0.2.1", "fresh", "wrong", 401).await;
    let long = cost_of(&server, "192.0.2.2", "old", "wrong", 401).await;
    let unknown = cost_of(&server, "192.0.2.3", "nobody", "wrong", 401).await;
    // The events after the last snapshot, and the one on which it stands.
    assert!(
        fresh.0 <= 17 && long.0 <= 17 && unknown.0 == 0,
        "{fresh:?} {long:?} {unknown:?}"
    );
    assert!(
        [fresh.1, long.1, unknown.1].iter().all(|look_ups| *look_ups == 1),
        "{fresh:?} {long:?} {unknown:?}"
    );
}
