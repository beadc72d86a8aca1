//! Without a good credential there is nothing to learn: every endpoint answers 401 at once, and says nothing about the position
//! of the node.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use http::Method;
use muniment::faces::FACES;
use serde_json::{Value, json};
use server::Credential;

use crate::http::openapi::without_place;
use crate::support::{
    client::{Call, Client, Response},
    connectware::*,
    server::{ADMIN_PASSWORD, Engine, Server, Site},
};

/// The name of the setting that says how long a request waits for a position.
const PATIENCE: &str = "MUNIMENT_AT_LEAST_PATIENCE_MS";
/// Longer than a test waits for an answer: a request that waits for a position makes the test fail.
const ENDLESS: &str = "3600000";
/// A position that no ledger of a test has.
const FAR: &str = "1000000000";

/// Whether an operation of the document is one that needs no credential. The document writes a parameter that takes the rest of a path like
/// any other.
pub fn is_public(method: &str, path: &str) -> bool {
    let public = FACES.of(path).public.iter();
    public
        .map(|(of, form)| (*of, form.replace("{*", "{")))
        .any(|(of, form)| of == method && form == path)
}

/// The operations that need a credential, as methods and paths. Each parameter is an id that does not exist.
fn guarded() -> Vec<(Method, String)> {
    let document = serde_json::to_value(muniment::openapi::document()).expect("a document is JSON");
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        for method in item.as_object().expect("a path item").keys() {
            if is_public(method, path) {
                continue;
            }
            let segments = path
                .split('/')
                .map(|part| if part.starts_with('{') { NOBODY } else { part });
            let path = segments.collect::<Vec<_>>().join("/");
            let method = method.to_uppercase().parse().expect("a method");
            found.push((method, path));
        }
    }
    assert!(found.len() > 40, "{found:?}");
    found
}

/// A token whose claims or header are changed.
fn changed(token: &str, part: usize, name: &str, value: Value) -> String {
    let mut parts: Vec<String> = token.split('.').map(str::to_owned).collect();
    let decoded = BASE64.decode(&parts[part]).expect("parts are base64url");
    let mut json: Value = serde_json::from_slice(&decoded).expect("parts are JSON");
    json[name] = value;
    parts[part] = BASE64.encode(json.to_string());
    parts.join(".")
}

/// Callers who have proved nothing, with what is wrong with each. `foreign` is a token of another server.
fn strangers(
    nobody: &Client,
    foreign: &str,
    ended: &[(&'static str, String)],
) -> Vec<(&'static str, Client)> {
    let good = &ended[0].1;
    let of = |value: String| nobody.authorization(value);
    let mut all = vec![
        ("nothing", nobody.clone()),
        ("a junk token", nobody.bearer("junk")),
        ("an empty token", of("Bearer ".to_owned())),
        ("a token of another key", nobody.bearer(foreign)),
        (
            "a later end",
            nobody.bearer(&changed(good, 1, "exp", json!(99_999_999_999_i64))),
        ),
        (
            "another algorithm",
            nobody.bearer(&changed(good, 0, "alg", json!("none"))),
        ),
        ("junk in Basic", of("Basic junk".to_owned())),
        ("another scheme", of(format!("Digest {good}"))),
        ("a scheme alone", of("Bearer".to_owned())),
    ];
    all.extend(ended.iter().map(|(what, token)| (*what, nobody.bearer(token))));
    all
}

/// Fails unless the answer is a 401 and says nothing else.
fn is_turned_away(what: &str, answer: &Response, expected: &[u8]) {
    assert_eq!(answer.status, 401, "{what}: {answer:?}");
    assert_eq!(
        without_place(&answer.body),
        without_place(expected),
        "{what}: {answer:?}"
    );
    assert!(
        answer.headers.get("muniment-position").is_none(),
        "{what}: {answer:?}"
    );
    assert!(answer.headers.get("retry-after").is_none(), "{what}: {answer:?}");
}

/// The same call with the position that it asks for.
fn far(call: Call) -> Call {
    call.header("muniment-at-least", FAR)
}

/// Sends every operation as every stranger, with a position that does not come, with a malformed one and without any.
async fn nobody_learns_anything(strangers: &[(&'static str, Client)]) {
    let nothing = &strangers[0].1;
    for (method, path) in guarded() {
        let expected = nothing.call(method.clone(), &path).await;
        // Each face words its refusals in its own way.
        assert_eq!(expected.status, 401, "{method} {path}: {expected:?}");
        for (what, stranger) in strangers {
            let what = format!("{what} at {method} {path}");
            let call = || stranger.call(method.clone(), &path);
            is_turned_away(&what, &far(call()).await, &expected.body);
            is_turned_away(
                &what,
                &call().header("muniment-at-least", "nonsense").await,
                &expected.body,
            );
        }
        let accepted = FACES.of(&path).credentials;
        if accepted.contains(&Credential::Key("x-api-key")) {
            // A face may say of an unknown key that it is one. It says so before it waits.
            let call = |caller: &Client| caller.call(method.clone(), &path).header("x-api-key", NOBODY);
            let told = call(nothing).await;
            for caller in [nothing, &nothing.bearer("junk")] {
                is_turned_away(&path, &far(call(caller)).await, &told.body);
            }
        }
        if accepted.contains(&Credential::Query("apiToken")) {
            let query = format!("{path}?apiToken=junk");
            for call in [
                nothing.call(method.clone(), &query),
                nothing.bearer("junk").call(method.clone(), &query),
            ] {
                is_turned_away(&query, &far(call).await, &expected.body);
            }
        }
    }
}

/// Wrong passwords. They are few, since the answers to many of them wait on purpose.
async fn nobody_learns_anything_by_a_password(nobody: &Client) {
    for path in ["/api/session", "/access/v1/changes"] {
        let expected = nobody.get(path).await;
        for (what, stranger) in [
            ("a wrong password", nobody.basic("admin", "a wrong password")),
            ("an unknown name", nobody.basic("nobody", "a password")),
        ] {
            is_turned_away(what, &far(stranger.get(path)).await, &expected.body);
            let query = format!("{path}?apiToken=junk");
            is_turned_away(what, &far(stranger.get(query)).await, &expected.body);
        }
    }
}

/// What anybody may ask for: the operations that need no credential, the pages, and a path that does not exist.
fn open_paths() -> Vec<String> {
    let document = serde_json::to_value(muniment::openapi::document()).expect("a document is JSON");
    let paths = document["paths"].as_object().expect("paths");
    let open = paths.keys().filter(|path| is_public("get", path));
    let mut found: Vec<String> = open.cloned().collect();
    assert!(found.len() > 3, "{found:?}");
    found.extend(
        [
            "/openapi.json",
            "/api/v1/docs",
            "/api/v1/docs-json",
            "/nothing/here",
        ]
        .map(str::to_owned),
    );
    found
}

/// What is open answers a right password and a wrong one alike, at once. So nobody can guess there.
async fn what_is_open_compares_no_password(nobody: &Client) {
    let right = nobody.basic("admin", ADMIN_PASSWORD);
    let wrong = nobody.basic("admin", "a guess");
    for path in open_paths() {
        for method in [Method::GET, Method::HEAD] {
            let expected = nobody.call(method.clone(), &path).await;
            for caller in [&right, &wrong] {
                let answer = far(caller.call(method.clone(), &path)).await;
                assert_eq!(answer.status, expected.status, "{method} {path}");
            }
        }
    }
}

/// Tokens that were good once, in as many ways as there are to end one.
async fn ended(nobody: &Client, admin: &Client) -> Vec<(&'static str, String)> {
    let user = async |name: &str| {
        let id = create_user(admin, name).await;
        (id, nobody.login(name, PASSWORD).await)
    };
    let (_, out) = user("logs.out").await;
    out.delete("/api/session").await.expect(204);
    let (id, deleted) = user("is.deleted").await;
    admin.delete(format!("/api/users/{id}")).await.expect(204);
    let (id, reset) = user("is.reset").await;
    admin
        .put(
            format!("/api/users/{id}"),
            json!({ "password": "another password" }),
        )
        .await
        .expect(200);
    let (id, revoked) = user("is.revoked").await;
    admin.delete(format!("/api/users/{id}/tokens")).await.expect(204);
    vec![
        ("a token that logged out", out.token().to_owned()),
        ("a token of a user who is deleted", deleted.token().to_owned()),
        ("a token before a reset", reset.token().to_owned()),
        ("a token that is revoked", revoked.token().to_owned()),
    ]
}

async fn against_the_binary(engine: Engine) {
    let server = Site::new(engine).with(PATIENCE, ENDLESS).start().await;
    let other = Server::start(Engine::Sqlite).await;
    let foreign = other.admin().await.token().to_owned();
    let (nobody, admin) = (server.anonymous(), server.admin().await);
    let ended = ended(&nobody, &admin).await;
    nobody_learns_anything(&strangers(&nobody, &foreign, &ended)).await;
    nobody_learns_anything_by_a_password(&nobody).await;
    what_is_open_compares_no_password(&nobody).await;
    let log = server.log();
    let mut warnings = log
        .lines()
        .filter(|line| line.contains(" WARN ") || line.contains("ERROR "));
    assert_eq!(warnings.next(), None);
    // The operations that need no credential do not wait either.
    for stranger in [&nobody, &nobody.bearer("junk"), &nobody.bearer(&ended[0].1)] {
        far(stranger.get("/healthz")).await.expect(200);
        far(stranger.get("/.well-known/authzen-configuration"))
            .await
            .expect(200);
        let login = json!({ "username": "admin", "password": "a wrong password" });
        far(stranger.post("/api/login", login)).await.expect_error(401);
        far(stranger.get("/api/nothing")).await.expect_error(404);
    }
}

#[tokio::test]
async fn nobody_learns_anything_before_the_door_on_sqlite() {
    against_the_binary(Engine::Sqlite).await;
}

#[tokio::test]
async fn nobody_learns_anything_before_the_door_on_postgres() {
    against_the_binary(Engine::Postgres).await;
}

#[tokio::test]
async fn an_expired_token_is_as_good_as_nothing() {
    let server = kit::server::Server::start_set(&[(PATIENCE, ENDLESS)]).await;
    let admin = server.admin().await;
    server.advance(Duration::from_secs(48 * 3_600));
    let expired = [("an expired token", admin.token().to_owned())];
    let foreign = changed(admin.token(), 1, "sub", json!(NOBODY));
    nobody_learns_anything(&strangers(&server.anonymous(), &foreign, &expired)).await;
}

#[tokio::test]
async fn the_head_is_read_once_for_a_token_that_ended_and_never_for_one_that_is_not_ours() {
    let server = kit::server::Server::start().await;
    let (nobody, admin) = (server.anonymous(), server.admin().await);
    let known = ended(&nobody, &admin).await;
    for (_, token) in &known {
        nobody.bearer(token).get("/api/session").await.expect_error(401);
    }
    let unseen = {
        create_user(&admin, "ada").await;
        let ada = nobody.login("ada", PASSWORD).await;
        ada.delete("/api/session").await.expect(204);
        ada
    };
    // From now on, the head cannot be read.
    let db = server.app().ledger().db();
    let gone = db.script("ALTER TABLE events RENAME TO gone").await;
    gone.expect("a table can be renamed");
    let before = server.log().len();
    for (what, stranger) in strangers(&nobody, "junk", &known) {
        let answer = far(stranger.get("/api/session")).await;
        assert_eq!(answer.status, 401, "{what}: {answer:?}");
    }
    // This one may be newer than the memory, so the server does not know.
    for _ in 0..20 {
        unseen.get("/api/session").await.expect_error(503);
        nobody
            .basic("admin", "a wrong password")
            .get("/api/roles")
            .await
            .expect_error(503);
    }
    let log = server.log();
    let failures = log[before..]
        .lines()
        .filter(|line| line.contains(" WARN ") || line.contains("ERROR "));
    let failures: Vec<&str> = failures.collect();
    assert_eq!(failures.len(), 2, "each route has one line: {failures:#?}");
}

#[tokio::test]
async fn a_caller_is_judged_by_what_counts_at_the_position_that_they_wait_for() {
    let one = Site::new(Engine::Postgres).start().await;
    let other = one.site().second_node().start().await;
    let admin = one.admin().await;
    for number in 0..5 {
        let name = format!("user.{number}");
        let id = create_user_with(
            &admin,
            &name,
            json!({ "initialPermissions": [http("/api/roles", "read")] }),
        )
        .await;
        let there = |caller: &Client| other.anonymous().bearer(caller.token());
        let at = |call: Call, position: i64| call.header("muniment-at-least", position.to_string());
        // A token that the other node has not seen yet.
        let ada = there(&one.anonymous().login(&name, PASSWORD).await);
        ada.get("/api/roles").await.expect(200);
        let basic = other.anonymous().basic(&name, PASSWORD);
        // A right that is lost, and a session that has ended, by the position.
        let lost = admin
            .put(format!("/api/users/{id}"), json!({ "permissions": [] }))
            .await
            .expect(200)
            .position();
        at(ada.get("/api/roles"), lost).await.expect_error(403);
        at(basic.get("/api/roles"), lost).await.expect_error(403);
        let ended = admin
            .delete(format!("/api/users/{id}/tokens"))
            .await
            .expect(204)
            .position();
        at(ada.get("/api/session"), ended).await.expect_error(401);
        at(basic.get("/api/session"), ended).await.expect(200);
    }
    far(admin.get("/api/session")).await.expect_error(503);
    admin
        .get("/api/session")
        .header("muniment-at-least", "x")
        .await
        .expect_error(400);
}
