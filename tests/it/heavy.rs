//! Heavy questions over real connections: they end with their connections, and leave all other requests alone.

use std::{future::IntoFuture as _, time::Duration};

use http::Method;
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

use crate::http::openapi::log_in_on_os2iot;
use crate::log::until_logged;
use crate::support::{
    client::{Client, Response},
    connectware::*,
    database,
    raw::Raw,
    server::{ADMIN_PASSWORD, Engine, Server, Site},
};

/// How long something may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// A refusal comes sooner than this, and an answer that waits for the database does not come.
const SOON: Duration = Duration::from_secs(1);

/// Sends a heavy question that reads the ledger, and does not wait for the answer.
async fn ask(server: &Server, admin: &Client) -> Raw {
    let mut raw = Raw::to(server).await;
    raw.send(&format!(
        "GET /access/v1/changes?subject=username:admin HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\r\n",
        admin.token()
    ))
    .await;
    raw
}

/// Whether a question was refused since too many ask.
async fn is_refused(raw: &mut Raw) -> bool {
    match timeout(SOON, raw.answer()).await {
        Err(_) => false,
        Ok(answer) => {
            assert!(answer.starts_with("HTTP/1.1 429"), "{answer}");
            assert!(answer.to_ascii_lowercase().contains("retry-after: "), "{answer}");
            true
        }
    }
}

#[tokio::test]
async fn a_heavy_question_ends_with_its_connection_even_while_it_waits_for_the_database() {
    let server = Site::new(Engine::Postgres)
        .with("MUNIMENT_HEAVY_WORKERS", "1")
        .with("MUNIMENT_HEAVY_QUEUE", "1")
        .with("MUNIMENT_HEAVY_PATIENCE_MS", "600000")
        // Here the ledger cannot be read for a while.
        .with("MUNIMENT_STALE_AFTER_MS", "600000")
        .start()
        .await;
    let admin = server.admin().await;
    let mut database = database::open(server.site()).await;
    database.execute("BEGIN").await;
    database
        .execute("LOCK TABLE events IN ACCESS EXCLUSIVE MODE")
        .await;
    // One runs, one waits, and there is no place for a third.
    let (mut running, mut waiting) = (ask(&server, &admin).await, ask(&server, &admin).await);
    assert!(!is_refused(&mut running).await && !is_refused(&mut waiting).await);
    assert!(is_refused(&mut ask(&server, &admin).await).await);
    until_logged(&server, "busy: refused requests").await;
    assert!(
        server.log().contains("too many heavy questions"),
        "{}",
        server.log()
    );
    // A page of the audit trail that may examine many items is such a question.
    let actor = "0a0b0c0d-0000-4000-8000-000000000001";
    for filter in [
        format!("actor={actor}&kind=login.refused"),
        format!("actor={actor}&object={actor}&outcome=refused"),
        "kind=session.token_issued".to_owned(),
    ] {
        let page = admin.get(format!("/api/audit?{filter}")).await;
        page.expect_error(429);
    }
    // All other requests are answered as before.
    for filter in [
        "outcome=refused",
        "kind=login.refused",
        &format!("outcome=refused&actor={actor}"),
    ] {
        admin.get(format!("/api/audit?{filter}")).await.expect(200);
    }
    server.anonymous().get("/healthz").await.expect(200);
    let question = json!({
        "subject": { "type": "username", "id": "admin" }, "action": { "name": "read" }, "resource": { "type": "mqtt", "id": "a" },
    });
    admin.post("/access/v1/evaluation", question).await.expect(200);
    drop((running, waiting));
    // Both places are free again, although the database still does not answer.
    let free = async {
        loop {
            let (mut first, mut second) = (ask(&server, &admin).await, ask(&server, &admin).await);
            if !is_refused(&mut first).await && !is_refused(&mut second).await {
                return (first, second);
            }
            sleep(Duration::from_millis(50)).await;
        }
    };
    let (mut first, mut second) = timeout(PATIENCE, free).await.expect("the places should be free");
    database.execute("ROLLBACK").await;
    for raw in [&mut first, &mut second] {
        let answer = raw.answer().await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
}

/// The reads that need no turn, and why their cost is bounded. Public operations have no caller who could take turns; they are not here.
const BOUNDED: [(&str, &str); 23] = [
    ("/api/session", "it shows what the caller holds, from memory"),
    ("/api/roles/{id}/permissions/{pemId}", "it shows one row"),
    (
        "/api/certificates",
        "it shows the authorities, whom operators add",
    ),
    ("/api/certificates/content", "it shows one certificate"),
    ("/metrics", "it shows counters, from memory"),
    ("/access/forward/nginx", "it decides from memory"),
    ("/access/forward/traefik", "it decides from memory"),
    ("/access/forward/envoy/{path}", "it decides from memory"),
    ("/auth/user/{uuid}", "it shows one user"),
    (
        "/auth/organisation/{uuid}/members",
        "an organisation has at most 1,000 members",
    ),
    ("/auth/parameters", "it shows what the server offers"),
    ("/auth/license/{uuid}", "it shows one licence"),
    ("/auth/license/{uuid}/file", "it shows one licence"),
    ("/auth/admin/licenses/{uuid}", "it shows one licence"),
    ("/api/v1/auth/profile", "it shows the caller"),
    ("/api/v1/auth/me", "it shows the caller and their groups"),
    ("/api/v1/application/{id}", "it shows one application"),
    ("/api/v1/api-key/{id}", "it shows one key"),
    ("/api/v1/api-key-info/organization", "it shows one organisation"),
    ("/api/v1/organization/{id}", "it shows one organisation"),
    ("/api/v1/user/{id}", "it shows one user"),
    ("/api/v1/kombitCreation/{id}", "it shows one user"),
    (
        "/api/audit",
        "a page is read from an index; questions that examine many rows take a turn",
    ),
];

/// The path of an operation with its required parameters. Ids are those of nobody; other parameters have the values of the document.
fn path_of(path: &str, operation: &Value) -> String {
    let parameters = operation["parameters"].as_array().into_iter().flatten();
    let mut path = path.to_owned();
    let mut query = Vec::new();
    for parameter in parameters.filter(|parameter| parameter["required"] == true) {
        let name = parameter["name"].as_str().expect("a name");
        match parameter["in"].as_str() {
            Some("path") => {
                // The os2iot face names things by numbers.
                let id = match path.starts_with("/api/v1") {
                    true => "1",
                    false => "0a0b0c0d-0000-4000-8000-000000000001",
                };
                path = path.replace(&format!("{{{name}}}"), id);
            }
            _ => query.push(format!(
                "{name}={}",
                parameter["example"]
                    .as_str()
                    .unwrap_or("none")
                    .replace('#', "%23")
            )),
        }
    }
    format!("{path}?{}", query.join("&"))
}

/// Whether a path has a read that needs a credential.
fn is_guarded(path: &str, item: &Value) -> bool {
    item["get"].is_object() && !crate::door::is_public("get", path)
}

/// A read that is not in [`BOUNDED`] must take a turn. Here all turns are taken, so it is refused at once.
#[tokio::test]
async fn every_read_takes_a_turn_or_has_a_bounded_cost() {
    let server = Site::new(Engine::Postgres)
        .with("MUNIMENT_HEAVY_WORKERS", "1")
        .with("MUNIMENT_HEAVY_QUEUE", "1")
        .with("MUNIMENT_HEAVY_PATIENCE_MS", "600000")
        .with("MUNIMENT_STALE_AFTER_MS", "600000")
        .start()
        .await;
    let admin = server.admin().await;
    let on_os2iot = log_in_on_os2iot(&server, "admin", ADMIN_PASSWORD).await;
    // The turns are taken by the same user: whoever asks less is let in before.
    let all = json!([{ "resource": "#", "operation": "read", "context": "nx" }]);
    let role = create_role(&admin, "readers of licences", all).await;
    let roles = format!("/api/users/{}/roles", admin_id(&admin).await);
    admin.post(roles, json!({ "roleId": role })).await.expect(204);
    let mut database = database::open(server.site()).await;
    database.execute("BEGIN").await;
    database
        .execute("LOCK TABLE events IN ACCESS EXCLUSIVE MODE")
        .await;
    let (mut running, mut waiting) = (ask(&server, &admin).await, ask(&server, &admin).await);
    assert!(!is_refused(&mut running).await && !is_refused(&mut waiting).await);
    let document = serde_json::to_value(muniment::openapi::document()).expect("a document is JSON");
    let paths = document["paths"].as_object().expect("paths");
    let (mut walked, mut wrong) = (0, Vec::new());
    for (path, item) in paths.iter().filter(|(path, item)| is_guarded(path, item)) {
        let caller = match path.starts_with("/api/v1") {
            true => &on_os2iot,
            false => &admin,
        };
        let call = caller.call(Method::GET, path_of(path, &item["get"]));
        // An answer that waits for the database does not come.
        let answer = timeout(SOON, call.into_future()).await.ok();
        let is_refused = answer.as_ref().is_some_and(|answer| answer.status == 429);
        let is_bounded = BOUNDED.iter().any(|(bounded, _)| bounded == path);
        if is_refused == is_bounded {
            wrong.push(format!("{path}: {answer:?}"));
        }
        walked += 1;
    }
    let stale: Vec<_> = BOUNDED
        .iter()
        .filter(|(path, _)| !paths.contains_key(*path))
        .collect();
    assert!(stale.is_empty(), "not in the document: {stale:?}");
    assert!(walked > 15, "the document should list the reads");
    assert!(
        wrong.is_empty(),
        "without a turn, or with a turn although bounded: {wrong:#?}"
    );
    drop((running, waiting));
    database.execute("ROLLBACK").await;
}

/// Asks which roles may do something at a position of the past.
async fn replay(caller: &Client, at: i64) -> Response {
    let body = json!({
        "subject": { "type": "role" }, "action": { "name": "publish" }, "resource": { "type": "mqtt", "id": "a" },
        "context": { "at": at },
    });
    caller.post("/access/v1/search/subject", body).await
}

/// Fails unless the caller must ask again.
#[track_caller]
fn must_ask_again(answer: &Response) {
    assert_eq!(answer.expect_error(503).code, "replaying", "{answer:?}");
    assert!(!answer.header("retry-after").is_empty(), "{answer:?}");
}

/// A server whose replays do not get on as long as the table of keys is locked; two callers; and a position.
async fn replaying() -> (Server, Client, Client, i64) {
    let server = Site::new(Engine::Postgres)
        .with("MUNIMENT_HEAVY_WORKERS", "1")
        .start()
        .await;
    let admin = server.admin().await;
    let may_ask = json!({ "initialPermissions": [http("/access/v1/#", "read")] });
    for name in ["one", "other"] {
        create_user_with(&admin, name, may_ask.clone()).await;
    }
    let made = admin
        .post("/api/users", user("third", json!({})))
        .await
        .expect(201);
    for number in 0..4 {
        create_role(&admin, &format!("role {number}"), json!([])).await;
    }
    // The new process does not know the key of the third user yet.
    let server = server.terminate().await.start().await;
    let one = server.anonymous().login("one", PASSWORD).await;
    let other = server.anonymous().login("other", PASSWORD).await;
    (server, one, other, made.position() + 4)
}

#[tokio::test]
async fn a_replay_ends_when_nobody_asks_for_it_any_more() {
    let (server, one, other, at) = replaying().await;
    let mut database = database::open(server.site()).await;
    database.execute("BEGIN").await;
    database
        .execute("LOCK TABLE subject_keys IN ACCESS EXCLUSIVE MODE")
        .await;
    must_ask_again(&replay(&one, at).await);
    must_ask_again(&replay(&other, 0).await);
    // No event has to be read for position 0, but the first replay is not finished yet. Nobody asks for it any more.
    let answered = async {
        loop {
            let answer = replay(&other, 0).await;
            if answer.status == 200 {
                return;
            }
            must_ask_again(&answer);
            sleep(Duration::from_millis(200)).await;
        }
    };
    timeout(PATIENCE, answered)
        .await
        .expect("the first replay should have ended");
    database.execute("ROLLBACK").await;
    replay(&one, at).await.expect(200);
}

#[tokio::test]
async fn callers_take_turns_with_replays() {
    let (server, one, other, at) = replaying().await;
    // Without anybody else, a caller may ask for one moment after the other.
    for at in [3, 4, 2] {
        replay(&one, at).await.expect(200);
    }
    let mut database = database::open(server.site()).await;
    database.execute("BEGIN").await;
    database
        .execute("LOCK TABLE subject_keys IN ACCESS EXCLUSIVE MODE")
        .await;
    must_ask_again(&replay(&one, at).await);
    must_ask_again(&replay(&one, at - 1).await);
    must_ask_again(&replay(&other, 1).await);
    must_ask_again(&replay(&one, at - 3).await);
    database.execute("ROLLBACK").await;
    // What was begun is completed, and others may ask for the same moment.
    replay(&one, at).await.expect(200);
    // Then it is the turn of the other caller, although the first one has asked before.
    must_ask_again(&replay(&one, at - 1).await);
    replay(&other, 1).await.expect(200);
    must_ask_again(&replay(&other, 2).await);
    replay(&one, at - 1).await.expect(200);
    replay(&other, 2).await.expect(200);
}
