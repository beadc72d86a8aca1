//! Heavy questions have a budget: if there are too many, further ones are refused at once; callers take turns; and all other requests are
//! answered as before.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

use std::{future::IntoFuture, time::Duration};

use kit::{
    client::{Call, Client, Response},
    connectware::*,
    server::Server,
};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

/// The id of the administrators' role.
const ADMINISTRATORS: &str = "6d756e69-6d65-4e74-8000-000000000001";

/// A server with one heavy question at a time, and at most two that wait of each caller; and a position at which there are users.
async fn start() -> (Server, Client, i64) {
    let server = Server::start_set(&[("MUNIMENT_HEAVY_WORKERS", "1"), ("MUNIMENT_HEAVY_QUEUE", "2")]).await;
    let admin = server.admin().await;
    let made = admin.post("/api/roles", role("any", json!([]))).await.expect(201);
    (server, admin, made.position())
}

/// One question of each heavy kind.
fn heavy(caller: &Client, then: i64) -> Vec<Call> {
    let subject = json!({ "type": "username", "id": "admin" });
    let resource = json!({ "type": "mqtt", "id": "a" });
    let question = json!({ "subject": subject, "action": { "name": "read" }, "resource": resource });
    let with = |member: &str, value: Value| {
        let mut question = question.clone();
        question[member] = value;
        question
    };
    let explained = with("context", json!({ "explain": true }));
    let at = with("context", json!({ "at": then }));
    let many = with("evaluations", json!(vec![json!({}); 51]));
    let role = json!({ "method": "POST", "path": "/api/roles", "body": role("new", json!([])) });
    vec![
        caller.get("/access/v1/changes?subject=username:admin"),
        caller.post("/access/v1/search/subject", question.clone()),
        caller.post("/access/v1/search/resource", question.clone()),
        caller.post(
            "/access/v1/search/resource",
            with("context", json!({ "at": then })),
        ),
        caller.post("/access/v1/search/action", with("context", json!({ "at": then }))),
        caller.post("/access/v1/evaluation", explained.clone()),
        caller.post("/access/v1/evaluation", at),
        caller.post("/access/v1/evaluations", many),
        caller.post(
            "/access/v1/evaluations",
            with("evaluations", json!([{ "context": { "explain": true } }])),
        ),
        caller.post("/access/v1/dry-run", role),
        caller.get("/api/permissions/page"),
        caller.get("/api/permissions/ids"),
        caller.get("/api/permissions/usage?resource=a&context=mqtt"),
        caller.get("/api/roles"),
        caller.get("/api/roles?name[eq]=any"),
        caller.get("/api/roles/page"),
        caller.get(format!("/api/roles/{ADMINISTRATORS}")),
        caller.get(format!("/api/roles/{ADMINISTRATORS}/permissions")),
        caller.get("/api/listUsers"),
        caller.get("/api/users/ids"),
        caller.get("/api/users/usernames"),
        caller.get("/api/events?limit=1000&eventType=session.token_issued"),
    ]
}

fn light(caller: &Client) -> Vec<Call> {
    let subject = json!({ "type": "username", "id": "admin" });
    let resource = json!({ "type": "mqtt", "id": "a" });
    let question = json!({ "subject": subject, "action": { "name": "read" }, "resource": resource });
    let mut many = question.clone();
    many["evaluations"] = json!(vec![json!({}); 50]);
    vec![
        caller.get("/healthz"),
        caller.get("/api/session"),
        caller.post("/access/v1/evaluation", question.clone()),
        caller.post("/access/v1/evaluations", many),
        caller.post("/access/v1/search/action", question),
    ]
}

fn is_busy(answer: &Response) -> bool {
    answer.status == 429 && answer.expect_error(429).code == "busy"
}

fn begin(calls: Vec<Call>) -> Vec<JoinHandle<Response>> {
    calls
        .into_iter()
        .map(|call| tokio::spawn(call.into_future()))
        .collect()
}

async fn end(begun: Vec<JoinHandle<Response>>) -> Vec<Response> {
    let mut answers = Vec::new();
    for call in begun {
        answers.push(call.await.expect("no panic"));
    }
    answers
}

#[tokio::test]
async fn too_many_heavy_questions_of_one_caller_are_refused_and_nothing_else_is() {
    let (server, admin, then) = start().await;
    let other = caller(
        &admin,
        "other",
        json!([http("/access/v1/#", "read"), http("/api/#", "read")]),
    )
    .await;
    // The calls begin in this order.
    let asked = begin(heavy(&admin, then));
    let from_other = begin(heavy(&other, then).into_iter().take(2).collect());
    let others = begin(light(&admin));
    let (asked, from_other, others) = (end(asked).await, end(from_other).await, end(others).await);
    let refused: Vec<&Response> = asked.iter().filter(|answer| is_busy(answer)).collect();
    assert!(!refused.is_empty(), "{asked:?}");
    for answer in &refused {
        assert_eq!(answer.header("retry-after"), "1");
    }
    let answered = asked.iter().filter(|answer| answer.status == 200).count();
    assert_eq!(answered + refused.len(), asked.len(), "{asked:?}");
    assert!(answered >= 3, "one runs and two wait: {asked:?}");
    for answer in from_other.iter().chain(&others) {
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    // The budget is free again.
    for call in heavy(&admin, then) {
        call.await.expect(200);
    }
    drop(server);
}

#[tokio::test]
async fn a_heavy_question_whose_client_has_gone_gives_its_turn_back() {
    let (server, admin, then) = start().await;
    for _ in 0..20 {
        for call in heavy(&admin, then) {
            let gone = tokio::time::timeout(Duration::ZERO, call.into_future()).await;
            drop(gone);
        }
    }
    // There are places for all who ask one after the other.
    for call in heavy(&admin, then) {
        call.await.expect(200);
    }
    drop(server);
}

#[tokio::test]
async fn a_heavy_question_is_refused_before_it_works_if_what_is_known_is_old() {
    let (server, admin, then) = start().await;
    server.stand_still(Duration::from_secs(6));
    for call in heavy(&admin, then) {
        let answer = call.await;
        assert_eq!(answer.expect_error(503).code, "stale", "{answer:?}");
    }
}
