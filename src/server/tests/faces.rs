//! What the kit does for every face. The tests use a face with its own mount, error shape, credential and policy.

use std::{future::IntoFuture, io, time::Duration};

use aggregates::values::{Audience, UserId};
use axum::{
    Json,
    extract::State,
    http::{StatusCode, request::Parts},
    response::{IntoResponse, Response},
};
use kit::{client::Client, connectware::*, server::Server};
use serde::Deserialize;
use serde_json::{Value, json};
use server::{
    App, Asks, Caller, Credential, Face, Faces, FreshAtStart, Giving, JsonBody, Listener, Permitted, Policy,
    Query, Refusal, RefusalKind,
};
use tokio::sync::Notify;
use utoipa_axum::{router::OpenApiRouter, routes};

const FACES: Faces = Faces::new(&[connectware::FACE, system::FACE, PKI]);

const PKI: Face = Face {
    name: "pki",
    mounts: &["/pki"],
    listener: Listener::Clients,
    routes,
    tags: &[],
    credentials: &[Credential::Header("x-api-key")],
    audience: Audience::Connectware,
    refuse,
    any_request_id: false,
    asked_by_proxies: false,
    public: &[("get", "/pki/ca")],
    own: &[],
    left: &[],
    giving: Giving::NOTHING,
    rehearsals: &[],
    settings: &[],
    first_start: |_| Ok(Vec::new()),
};

fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(get_ca))
        .routes(routes!(get_names, post_name))
        .routes(routes!(get_broken))
        .routes(routes!(get_careless))
        .routes(routes!(get_slow))
        .routes(routes!(get_plain))
}

/// A status and a shape that no other face has.
fn refuse(refusal: &Refusal) -> Response {
    let status = match refusal.kind {
        RefusalKind::NotFound => StatusCode::GONE,
        RefusalKind::Unauthenticated => StatusCode::UNAUTHORIZED,
        RefusalKind::Unavailable => StatusCode::BAD_GATEWAY,
        _ => StatusCode::IM_A_TEAPOT,
    };
    (status, Json(json!({ "reason": refusal.code }))).into_response()
}

/// Permits only `admin`. The scope is the first letter of the caller's name.
struct ByName;

impl Policy for ByName {
    type Scope = char;

    fn judge(app: &App, _: &Parts, caller: &Caller) -> Result<char, Refusal> {
        let name = |id: UserId| app.ledger().authorization().username(id);
        match name(caller.user) {
            Some(name) if name == "admin" => Ok('a'),
            _ => Err(Refusal::forbidden("read", "/pki/names")),
        }
    }
}

#[utoipa::path(get, path = "/pki/ca", security(()), responses((status = 200)))]
async fn get_ca() -> &'static str {
    "a certificate"
}

#[utoipa::path(get, path = "/pki/names", responses((status = 200)))]
async fn get_names(Permitted(_caller, first): Permitted<ByName>, query: Query) -> Result<String, Refusal> {
    query.only(&[])?;
    Ok(first.to_string())
}

#[derive(Deserialize, utoipa::ToSchema)]
struct Name {
    #[expect(dead_code, reason = "only its type matters")]
    name: String,
}

#[utoipa::path(post, path = "/pki/names", request_body = Name, responses((status = 200)))]
async fn post_name(_permitted: Permitted<ByName>, JsonBody(_name): JsonBody<Name>) -> &'static str {
    "done"
}

#[utoipa::path(get, path = "/pki/broken", security(()), responses((status = 200)))]
async fn get_broken() -> Result<String, Refusal> {
    tracing::info!("at work");
    let cause = io::Error::new(io::ErrorKind::TimedOut, "the disk is asleep");
    Err(Refusal::unavailable().because(cause))
}

#[utoipa::path(get, path = "/pki/careless", security(()), responses((status = 200)))]
async fn get_careless() -> StatusCode {
    StatusCode::CONFLICT
}

/// Says that the work of `/pki/slow` has begun.
static BEGUN: Notify = Notify::const_new();
/// Lets the work of `/pki/slow` end.
static GO: Notify = Notify::const_new();

#[utoipa::path(get, path = "/pki/slow", responses((status = 200)))]
async fn get_slow(State(app): State<App>, asks: Asks<ByName>) -> Result<FreshAtStart<&'static str>, Refusal> {
    let turn = asks.turn(&app).await?;
    let work = turn.run(async |_| {
        BEGUN.notify_one();
        GO.notified().await;
    });
    work.await?;
    Ok(FreshAtStart("done"))
}

/// The same without a turn.
#[utoipa::path(get, path = "/pki/plain", responses((status = 200)))]
async fn get_plain(_permitted: Permitted<ByName>) -> &'static str {
    BEGUN.notify_one();
    GO.notified().await;
    "done"
}

async fn start() -> (Server, Client) {
    let server = Server::start_with(FACES, &[("MUNIMENT_HEAVY_WORKERS", "1")]).await;
    let admin = server.admin().await;
    (server, admin)
}

#[track_caller]
fn is_refused(answer: &kit::client::Response, status: u16, code: &str) {
    assert_eq!(answer.status, status, "{answer:?}");
    assert_eq!(answer.json(), json!({ "reason": code }), "{answer:?}");
    assert_eq!(answer.header("content-length"), answer.body.len().to_string());
}

#[tokio::test]
async fn a_face_refuses_everything_in_its_own_shape() {
    let (server, admin) = start().await;
    let nobody = server.anonymous();
    let key = |call: kit::client::Call| call.header("x-api-key", admin.token());
    let post = |body: &str| {
        nobody
            .call(http::Method::POST, "/pki/names")
            .body("application/json", body)
    };
    is_refused(&nobody.get("/pki").await, 410, "not_found");
    is_refused(&nobody.get("/pki/nothing/at/all").await, 410, "not_found");
    let wrong_method = nobody.delete("/pki/ca").await;
    is_refused(&wrong_method, 418, "method_not_allowed");
    assert!(wrong_method.header("allow").contains("GET"), "{wrong_method:?}");
    is_refused(&nobody.get("/pki/names").await, 401, "unauthorized");
    is_refused(&key(nobody.get("/pki/names?a=%ff")).await, 418, "invalid_request");
    is_refused(&key(nobody.get("/pki/names?a")).await, 418, "invalid_request");
    is_refused(&key(post("{")).await, 418, "invalid_request");
    is_refused(&key(post("{}")).await, 418, "invalid_request");
    is_refused(&key(post(&" ".repeat(2 << 20))).await, 418, "too_large");
    is_refused(
        &key(post("{}").body("text/plain", "a")).await,
        418,
        "unsupported_media_type",
    );
    is_refused(&nobody.get("/pki/broken").await, 502, "unavailable");
    let caller = caller(&admin, "ada", json!([])).await;
    let as_ada = nobody.get("/pki/names").header("x-api-key", caller.token());
    is_refused(&as_ada.await, 418, "forbidden");
    // A path that only begins with the same letters is not below the mount.
    nobody.get("/pkix").await.expect_error(404);
    nobody.get("/").await.expect_error(404);
    nobody.get("/api/nothing").await.expect_error(404);
}

#[tokio::test]
async fn a_policy_hands_its_scope_to_the_handler() {
    let (server, admin) = start().await;
    let names = server
        .anonymous()
        .get("/pki/names")
        .header("x-api-key", admin.token());
    assert_eq!(names.await.expect(200).text(), "a");
}

#[tokio::test]
async fn a_credential_counts_where_its_face_accepts_it_and_nowhere_else() {
    let (server, admin) = start().await;
    is_refused(&admin.get("/pki/names").await, 401, "unauthorized");
    let query = format!("/pki/names?apiToken={}", admin.token());
    is_refused(&server.anonymous().get(query).await, 401, "unauthorized");
    let session = server
        .anonymous()
        .get("/api/session")
        .header("x-api-key", admin.token());
    session.await.expect_error(401);
}

#[tokio::test]
async fn every_credential_that_a_face_accepts_waits_for_the_position_asked_for() {
    let (server, admin) = start().await;
    let far = |path| {
        server
            .anonymous()
            .get(path)
            .header("muniment-at-least", "1000000000")
    };
    // A public operation does not wait, whatever the credential.
    for key in [admin.token(), "wrong"] {
        far("/pki/ca").header("x-api-key", key).await.expect(200);
    }
    far("/pki/ca").await.expect(200);
    // A request without a valid credential does not wait.
    is_refused(
        &far("/pki/names").header("x-api-key", "wrong").await,
        401,
        "unauthorized",
    );
    is_refused(
        &far("/pki/names").header("x-api-key", admin.token()).await,
        502,
        "behind",
    );
    // A header that this face does not accept is not a credential.
    far("/healthz")
        .header("x-api-key", admin.token())
        .await
        .expect(200);
}

#[tokio::test]
async fn every_credential_that_a_face_accepts_is_refused_when_what_is_known_is_old() {
    let (server, admin) = start().await;
    server.stand_still(Duration::from_secs(6));
    let ca = || server.anonymous().get("/pki/ca");
    is_refused(&ca().header("x-api-key", admin.token()).await, 502, "stale");
    ca().await.expect(200);
    let names = server
        .anonymous()
        .get("/pki/names")
        .header("x-api-key", admin.token());
    is_refused(&names.await, 502, "stale");
}

#[tokio::test]
async fn a_heavy_question_is_judged_when_its_work_begins_and_all_others_before_the_answer_leaves() {
    let (server, admin) = start().await;
    for (path, status) in [("/pki/slow", 200), ("/pki/plain", 502)] {
        let call = server.anonymous().get(path).header("x-api-key", admin.token());
        let asked = tokio::spawn(call.into_future());
        BEGUN.notified().await;
        server.stand_still(Duration::from_secs(6));
        GO.notify_one();
        assert_eq!(asked.await.expect("no panic").status, status, "{path}");
        let read = server.app().ledger().follower().catch_up().await;
        read.expect("the ledger can be read");
    }
    server.stand_still(Duration::from_secs(6));
    let slow = server.anonymous().get("/pki/slow");
    is_refused(&slow.header("x-api-key", admin.token()).await, 502, "stale");
}

#[tokio::test]
async fn a_caller_who_waited_for_a_turn_is_judged_again() {
    let (server, admin) = start().await;
    let slow = |token: &str| {
        let call = server.anonymous().get("/pki/slow").header("x-api-key", token);
        tokio::spawn(call.into_future())
    };
    let second = server.admin().await;
    let running = slow(admin.token());
    BEGUN.notified().await;
    let waiting = slow(second.token());
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
    // The second session ends while its question waits.
    second.delete("/api/session").await.expect(204);
    GO.notify_one();
    assert_eq!(running.await.expect("no panic").text(), "done");
    is_refused(&waiting.await.expect("no panic"), 401, "unauthorized");
}

#[tokio::test]
async fn a_refused_head_has_the_length_and_no_body() {
    let (server, _) = start().await;
    let head = server.anonymous().call(http::Method::HEAD, "/pki/nothing").await;
    assert_eq!((head.status, head.body.len()), (410, 0));
    let get = server.anonymous().get("/pki/nothing").await;
    assert_eq!(head.header("content-length"), get.header("content-length"));
}

#[tokio::test]
#[should_panic(expected = "an endpoint of pki answered 409 Conflict without a refusal")]
async fn an_error_that_is_not_a_refusal_is_a_defect() {
    let (server, _) = start().await;
    server.anonymous().get("/pki/careless").await;
}

#[tokio::test]
async fn a_failure_is_one_line_of_the_log_with_its_cause_and_the_request() {
    let (server, _) = start().await;
    server
        .anonymous()
        .get("/pki/broken?a=b")
        .header("x-request-id", "request-4711")
        .await;
    let log = server.log();
    let lines: Vec<&str> = log.lines().filter(|line| line.contains("request-4711")).collect();
    let [inside, line] = lines.as_slice() else {
        panic!("two lines should name the request:\n{log}");
    };
    assert!(inside.contains("at work"), "{inside}");
    for said in ["ERROR", "GET", "/pki/broken", "status=502", "the disk is asleep"] {
        assert!(line.contains(said), "{said} is missing: {line}");
    }
    assert!(!line.contains("a=b"), "{line}");
}

/// The lines of the log that warn of something.
fn warnings(log: &str) -> Vec<&str> {
    let is_warning = |line: &&str| line.contains(" WARN ") || line.contains("ERROR ");
    log.lines().filter(is_warning).collect()
}

#[tokio::test]
async fn a_database_that_is_gone_is_one_line_for_each_request_that_fails() {
    let (server, admin) = start().await;
    let (users, role) = (
        "/api/users/ids",
        json!({ "name": "any", "isShared": true, "permissions": [] }),
    );
    let login = json!({ "username": "admin", "password": "a secret" });
    let db = server.app().ledger().db();
    // Who looks at the ledger has a connection of its own.
    db.script("ALTER TABLE events RENAME TO gone")
        .await
        .expect("a table can be renamed");
    db.close().await;
    for (number, call) in [
        admin.get(users),
        admin.post("/api/roles", role),
        admin.delete(format!("/api/users/{}", UserId(uuid::Uuid::max()))),
        server.anonymous().post("/api/login", login),
        server.anonymous().get("/readyz"),
    ]
    .into_iter()
    .enumerate()
    {
        let before = server.log().len();
        call.header("x-request-id", format!("gone-{number}"))
            .await
            .expect_error(503);
        let log = server.log();
        let lines = warnings(&log[before..]);
        let [line] = lines.as_slice() else {
            panic!("one line should say that request {number} failed: {lines:#?}");
        };
        for said in ["ERROR", "status=503", &format!("gone-{number}")] {
            assert!(line.contains(said), "{said} is missing: {line}");
        }
        assert!(
            line.contains("closed pool") || line.contains("no such table"),
            "{line}"
        );
        assert!(!line.contains("a secret"), "{line}");
    }
}

#[tokio::test]
async fn the_document_says_what_each_face_asks_for() {
    let document = server::described(utoipa::openapi::OpenApi::default(), FACES).into_openapi();
    let document: Value = serde_json::to_value(document).expect("a document is JSON");
    let security = |path: &str| document["paths"][path]["get"]["security"].clone();
    assert_eq!(security("/pki/names"), json!([{ "x-api-key": [] }]));
    assert_eq!(security("/pki/ca"), json!([{}]));
    assert_eq!(security("/api/session"), Value::Null);
    assert_eq!(
        document["security"],
        json!([{ "bearer": [] }, { "basic": [] }, { "apiToken": [] }])
    );
    assert_eq!(
        document["components"]["securitySchemes"]["x-api-key"]["in"],
        "header"
    );
}
