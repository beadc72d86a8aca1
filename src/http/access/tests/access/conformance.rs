//! The public certification scenario of the AuthZEN Authorization API 1.0, at the levels Basic Core, Batch Core, Search
//! Core and Discovery, and the batch with default values of Batch Properties. The sections are those of the scenario.
//!
//! The scenario names its subjects `alice` and `bob`, and its resources `record-1` and `record-2` of the type `record`.
//! Here these are users by their ids, and topics. Subjects, actions and resources have no properties that a decision depends on.

use http::Method;
use serde_json::{Value, json};

use crate::support::{
    both_engines,
    client::{Client, Response},
    connectware::*,
    server::Server,
};

/// What the scenario wants of an answer.
enum Wanted {
    /// This status, and the body of an error.
    Error(u16),
    /// 200 and this decision.
    Decision(bool),
    /// 200 and these decisions, in this order.
    Decisions(&'static [bool]),
    /// 200 and results, among them all of these.
    Found(Vec<Value>),
    /// 200 and no results.
    Nothing,
}

use Wanted::{Decision, Decisions, Error, Found, Nothing};

/// A request of the scenario: its section, the endpoint, the body, and what the scenario wants.
type Row = (&'static str, &'static str, Value, Wanted);

/// The subjects and resources of the scenario.
struct Fixture {
    alice: Value,
    bob: Value,
    one: Value,
    two: Value,
}

const EVALUATION: &str = "evaluation";
const BATCH: &str = "evaluations";
const SUBJECT: &str = "search/subject";
const RESOURCE: &str = "search/resource";
const ACTION: &str = "search/action";

/// Makes the users of the scenario (1.1 to 1.4).
async fn fixture(admin: &Client) -> Fixture {
    let user = async |name: &str, permissions: Value| {
        let id = create_user_with(admin, name, json!({ "initialPermissions": permissions })).await;
        json!({ "type": "user", "id": id })
    };
    Fixture {
        alice: user("alice", json!([mqtt("record-1", "readWrite")])).await,
        bob: user("bob", json!([mqtt("record-1", "read")])).await,
        one: json!({ "type": "mqtt", "id": "record-1" }),
        two: json!({ "type": "mqtt", "id": "record-2" }),
    }
}

fn action(name: &str) -> Value {
    json!({ "name": name })
}

/// The object without one of its members, which a path names.
fn without(mut body: Value, path: &str) -> Value {
    let (parent, name) = path.rsplit_once('/').expect("a path");
    let parent = body.pointer_mut(parent).and_then(Value::as_object_mut);
    let removed = parent.and_then(|parent| parent.remove(name));
    assert!(removed.is_some(), "{path} should be there");
    body
}

/// The object with this member instead, or in addition.
fn with(mut body: Value, path: &str, value: Value) -> Value {
    let (parent, name) = path.rsplit_once('/').expect("a path");
    body.pointer_mut(parent).expect("the parent should be there")[name] = value;
    body
}

/// Section 2: the Access Evaluation API.
fn basic(fixture: &Fixture) -> Vec<Row> {
    let Fixture { alice, bob, one, .. } = fixture;
    let of =
        |subject: &Value, name: &str| json!({ "subject": subject, "action": action(name), "resource": one });
    let good = of(alice, "read");
    let mut rows = vec![
        ("1.4 rule 1, 2.2.1", good.clone(), Decision(true)),
        ("1.4 rule 2", of(alice, "write"), Decision(true)),
        ("1.4 rule 3", of(bob, "read"), Decision(true)),
        ("1.4 rule 4, 2.2.2", of(bob, "write"), Decision(false)),
        (
            "2.2.3",
            with(
                good.clone(),
                "/context",
                json!({ "time": "2025-06-27T18:03-07:00", "ip": "192.168.1.1" }),
            ),
            Decision(true),
        ),
        (
            "2.2.8",
            json!({
                "subject": with(alice.clone(), "/properties", json!({ "department": "Sales", "role": "manager" })),
                "action": { "name": "read", "properties": { "method": "GET" } },
                "resource": with(one.clone(), "/properties", json!({ "status": "active", "owner": "bob", "tags": [1, null] })),
            }),
            Decision(true),
        ),
    ];
    for path in ["/foo", "/subject/foo", "/action/foo", "/resource/foo"] {
        for value in [json!("bar"), json!({ "nested": true }), json!(null)] {
            rows.push(("2.2.9, 5", with(good.clone(), path, value), Decision(true)));
        }
    }
    for path in [
        "/subject",
        "/action",
        "/resource",
        "/subject/type",
        "/subject/id",
        "/action/name",
        "/resource/type",
        "/resource/id",
    ] {
        rows.push(("2.4.1, 2.4.2, 5", without(good.clone(), path), Error(400)));
        for wrong in [json!(null), json!(123), json!(true), json!(["user"]), json!([])] {
            rows.push(("2.4.6", with(good.clone(), path, wrong), Error(400)));
        }
    }
    for path in ["/subject", "/action", "/resource", "/context"] {
        rows.push(("2.4.6", with(good.clone(), path, json!("alice")), Error(400)));
    }
    // A member that is optional may be null (sections 5 and 6 of the specification).
    for path in [
        "/context",
        "/subject/properties",
        "/action/properties",
        "/resource/properties",
    ] {
        rows.push(("2.4.6", with(good.clone(), path, json!(null)), Decision(true)));
        for wrong in [json!("text"), json!(7), json!(false), json!([])] {
            rows.push(("2.4.6", with(good.clone(), path, wrong), Error(400)));
        }
    }
    rows.into_iter()
        .map(|(section, body, wanted)| (section, EVALUATION, body, wanted))
        .collect()
}

/// Section 3: the Access Evaluations API.
#[expect(clippy::too_many_lines, reason = "it is a table")]
fn batch(fixture: &Fixture) -> Vec<Row> {
    let Fixture { alice, bob, one, two } = fixture;
    let read = json!({ "subject": alice, "action": action("read") });
    let of = |questions: Value| with(read.clone(), "/evaluations", questions);
    let whole = json!({ "subject": alice, "action": action("read"), "resource": one });
    let mut rows = vec![
        (
            "3.2.1",
            of(json!([{ "resource": one }, { "resource": two }])),
            Decisions(&[true, false]),
        ),
        (
            "3.2.2, 3.3.2",
            json!({ "subject": bob, "resource": one, "evaluations": [{ "action": action("read") }, { "action": action("write") }] }),
            Decisions(&[true, false]),
        ),
        (
            "3.2.5",
            json!({ "evaluations": [whole, { "subject": bob, "action": action("write"), "resource": one }] }),
            Decisions(&[true, false]),
        ),
        (
            "3.2.6",
            with(
                of(
                    json!([{ "resource": one }, { "resource": two, "context": { "time": "2025-06-27T19:00-07:00", "source": "batch" } }]),
                ),
                "/context",
                json!({ "time": "2025-06-27T18:03-07:00" }),
            ),
            Decisions(&[true, false]),
        ),
        (
            "3.2.7",
            json!({
                "subject": alice, "action": action("write"), "resource": { "type": "mqtt" },
                "evaluations": [
                    { "resource": { "id": "record-1", "properties": { "status": "active" } } },
                    { "resource": { "type": "mqtt", "id": "record-2", "properties": { "status": "archived" } } },
                ],
            }),
            Decisions(&[true, false]),
        ),
        // A default that is whole is replaced as a whole.
        (
            "3.2.7",
            with(
                of(json!([{ "resource": { "type": "mqtt" } }, {}])),
                "/resource",
                one.clone(),
            ),
            Decisions(&[false, true]),
        ),
        (
            "3.4.1",
            json!({ "action": action("read"), "evaluations": [{ "resource": one }] }),
            Decisions(&[false]),
        ),
        ("3.4.2", whole.clone(), Decision(true)),
        (
            "3.4.3",
            with(whole.clone(), "/evaluations", json!([])),
            Decision(true),
        ),
        (
            "3.4.3",
            with(whole.clone(), "/evaluations", json!(null)),
            Decision(true),
        ),
        ("3.4.2", with(json!({}), "/resource", one.clone()), Error(400)),
        ("3.4.3", json!({ "evaluations": [] }), Error(400)),
    ];
    // A bad question is its own denial, and the questions around it are answered (3.4.1).
    let good = json!({ "resource": one });
    let mut bad = vec![
        json!({}),
        json!(null),
        json!("text"),
        json!(7),
        json!([]),
        json!([one]),
    ];
    for (path, values) in [
        (
            "/resource",
            vec![
                json!(null),
                json!("record-1"),
                json!({}),
                json!([]),
                json!({ "type": "mqtt" }),
                json!({ "id": "record-1" }),
            ],
        ),
        (
            "/subject",
            vec![
                json!("alice"),
                json!({ "type": "user" }),
                json!({ "id": 7, "type": "user" }),
                json!([]),
            ],
        ),
        (
            "/action",
            vec![
                json!("read"),
                json!({}),
                json!({ "name": 123 }),
                json!({ "name": null }),
                json!([]),
            ],
        ),
        (
            "/context",
            vec![
                json!("text"),
                json!([]),
                json!({ "at": [] }),
                json!({ "explain": "yes" }),
                json!({ "at": "never" }),
            ],
        ),
        ("/resource/properties", vec![json!("text"), json!([])]),
    ] {
        bad.extend(values.into_iter().map(|value| with(good.clone(), path, value)));
    }
    for bad in bad {
        rows.push((
            "3.4.1",
            of(json!([good, bad, good])),
            Decisions(&[true, false, true]),
        ));
        let stopped = with(
            of(json!([good, bad, good])),
            "/options",
            json!({ "evaluations_semantic": "deny_on_first_deny" }),
        );
        rows.push(("specification 7.1.2.1", stopped, Decisions(&[true, false])));
        let permitted = with(
            of(json!([bad, good, good])),
            "/options",
            json!({ "evaluations_semantic": "permit_on_first_permit" }),
        );
        rows.push(("specification 7.1.2.1", permitted, Decisions(&[false, true])));
    }
    // A member that is optional may be null.
    for path in [
        "/context",
        "/options",
        "/subject/properties",
        "/action/properties",
    ] {
        rows.push((
            "3.2.1",
            with(of(json!([good])), path, json!(null)),
            Decisions(&[true]),
        ));
    }
    for (path, decisions) in [
        ("/subject", &[true]),
        ("/action", &[true]),
        ("/context", &[true]),
        ("/resource", &[false]),
    ] {
        rows.push((
            "3.2.1",
            of(json!([with(whole.clone(), path, json!(null))])),
            Decisions(decisions),
        ));
    }
    rows.push((
        "3.2.1",
        with(
            of(json!([good])),
            "/options",
            json!({ "evaluations_semantic": null, "more": 1 }),
        ),
        Decisions(&[true]),
    ));
    // What is wrong outside the list is wrong about the whole request.
    for path in [
        "/subject",
        "/action",
        "/resource",
        "/context",
        "/options",
        "/evaluations",
    ] {
        rows.push(("3.4.1", with(of(json!([good])), path, json!("text")), Error(400)));
    }
    rows.push((
        "specification 7.1.2.1",
        with(
            of(json!([good])),
            "/options",
            json!({ "evaluations_semantic": "bogus" }),
        ),
        Error(400),
    ));
    rows.into_iter()
        .map(|(section, body, wanted)| (section, BATCH, body, wanted))
        .collect()
}

/// Section 4: the Search APIs.
#[expect(clippy::too_many_lines, reason = "it is a table")]
fn searches(fixture: &Fixture) -> Vec<Row> {
    let Fixture { alice, bob, one, .. } = fixture;
    let subjects = json!({ "subject": { "type": "user" }, "action": action("read"), "resource": one });
    let resources = json!({ "subject": alice, "action": action("read"), "resource": { "type": "mqtt" } });
    let actions = json!({ "subject": alice, "resource": one });
    let found = [
        (SUBJECT, &subjects, vec![alice.clone(), bob.clone()]),
        (RESOURCE, &resources, vec![one.clone()]),
        (ACTION, &actions, vec![action("read"), action("write")]),
    ];
    let mut rows = Vec::new();
    for (what, body, results) in &found {
        let mut good = |section, body| rows.push((section, *what, body, Found(results.clone())));
        good("4.2.1, 4.3.1, 4.4.1", (*body).clone());
        good(
            "4.2.2, 4.4.2",
            with(
                (*body).clone(),
                "/context",
                json!({ "time": "2024-10-26T01:22-07:00" }),
            ),
        );
        good("5", with((*body).clone(), "/foo", json!({ "nested": true })));
        good(
            "4.5.1",
            with(
                (*body).clone(),
                "/page",
                json!({ "limit": 10, "customAttr": "ignored", "properties": { "sort": "id" } }),
            ),
        );
        for path in ["/context", "/page", "/subject/properties", "/resource/properties"] {
            good("4.5.4", with((*body).clone(), path, json!(null)));
        }
        good(
            "4.5.4",
            with(
                (*body).clone(),
                "/page",
                json!({ "token": null, "limit": null, "properties": null }),
            ),
        );
        for path in ["/page", "/context", "/subject", "/resource", "/page/properties"] {
            let paged = with((*body).clone(), "/page", json!({}));
            rows.push(("2.4.6", *what, with(paged, path, json!("text")), Error(400)));
        }
        for token in ["nonsense", "AAAA"] {
            rows.push((
                "specification 8.2.1",
                *what,
                with((*body).clone(), "/page", json!({ "token": token })),
                Error(400),
            ));
        }
    }
    // The specification defines no id at these places, so an id is ignored.
    rows.push((
        "4.2.3",
        SUBJECT,
        with(subjects.clone(), "/subject/id", json!("alice")),
        Found(vec![alice.clone(), bob.clone()]),
    ));
    rows.push((
        "4.3.2",
        RESOURCE,
        with(resources.clone(), "/resource/id", json!(7)),
        Found(vec![one.clone()]),
    ));
    rows.push((
        "4.4.1",
        ACTION,
        with(actions.clone(), "/action", action("read")),
        Found(vec![action("write")]),
    ));
    // What does not exist is found nowhere (4.6).
    for (what, body, paths) in [
        (
            SUBJECT,
            &subjects,
            &["/subject/type", "/action/name", "/resource/type", "/resource/id"][..],
        ),
        (
            RESOURCE,
            &resources,
            &["/subject/type", "/subject/id", "/action/name", "/resource/type"],
        ),
        (
            ACTION,
            &actions,
            &["/subject/type", "/subject/id", "/resource/type", "/resource/id"],
        ),
    ] {
        for path in paths {
            // The administrator may read every topic.
            let is_topic = what == SUBJECT && *path == "/resource/id";
            for unknown in ["", "#/a", "\u{0}", " ", "spaceship", "nonexistent-user", NOBODY]
                .iter()
                .take(if is_topic { 3 } else { 7 })
            {
                rows.push((
                    "4.6.1, 4.6.2",
                    what,
                    with(body.clone(), path, json!(unknown)),
                    Nothing,
                ));
            }
        }
    }
    for (what, body, paths) in [
        (
            SUBJECT,
            &subjects,
            &[
                "/subject",
                "/action",
                "/resource",
                "/subject/type",
                "/action/name",
                "/resource/type",
                "/resource/id",
            ][..],
        ),
        (
            RESOURCE,
            &resources,
            &[
                "/subject",
                "/action",
                "/resource",
                "/subject/type",
                "/subject/id",
                "/action/name",
                "/resource/type",
            ],
        ),
        (
            ACTION,
            &actions,
            &[
                "/subject",
                "/resource",
                "/subject/type",
                "/subject/id",
                "/resource/type",
                "/resource/id",
            ],
        ),
    ] {
        for path in paths {
            rows.push(("4.7.1, 4.7.2", what, without(body.clone(), path), Error(400)));
            rows.push((
                "4.7.1, 4.7.2",
                what,
                with(body.clone(), path, json!(null)),
                Error(400),
            ));
            rows.push(("2.4.6", what, with(body.clone(), path, json!(7)), Error(400)));
        }
    }
    rows
}

fn path(what: &str) -> String {
    format!("/access/v1/{what}")
}

/// Fails unless an answer is as the scenario wants it.
fn judge(row: &str, what: &str, answer: &Response, wanted: &Wanted) {
    let success = || {
        assert_eq!(answer.status, 200, "{row}: {answer:?}");
        assert_eq!(
            answer.header("content-type"),
            "application/json",
            "{row}: {answer:?}"
        );
        answer.json()
    };
    let decision = |one: &Value| {
        let context = one.get("context");
        assert!(context.is_none_or(Value::is_object), "{row}: {one}");
        one["decision"]
            .as_bool()
            .unwrap_or_else(|| panic!("{row}: a decision is expected: {one}"))
    };
    match wanted {
        Error(status) => {
            assert_eq!(answer.status, *status, "{row}: {answer:?}");
            answer.expect_error(*status);
        }
        Decision(wanted) => {
            let body = success();
            assert!(body.get("evaluations").is_none(), "{row}: {body}");
            assert_eq!(decision(&body), *wanted, "{row}: {body}");
        }
        Decisions(wanted) => {
            let body = success();
            assert!(body.get("decision").is_none(), "{row}: {body}");
            let decisions: Vec<bool> = list(&body["evaluations"]).iter().map(decision).collect();
            assert_eq!(decisions, *wanted, "{row}: {body}");
        }
        Found(wanted) => {
            let body = success();
            let results = list(&body["results"]);
            assert!(wanted.iter().all(|one| results.contains(one)), "{row}: {body}");
            let members = if what == ACTION {
                &["name"][..]
            } else {
                &["type", "id"]
            };
            let is_whole = |one: &Value| members.iter().all(|member| one[member].is_string());
            assert!(results.iter().all(is_whole), "{row}: {body}");
            assert!(
                results.iter().all(|one| one["type"] == wanted[0]["type"]),
                "{row}: {body}"
            );
            assert!(body["page"]["next_token"].is_string(), "{row}: {body}");
        }
        Nothing => {
            let body = success();
            assert_eq!(body["results"], json!([]), "{row}: {body}");
            assert_eq!(body["page"]["next_token"], "", "{row}: {body}");
        }
    }
}

both_engines! {
    async fn the_certification_scenario_is_met(server: Server) {
        let admin = server.admin().await;
        let fixture = fixture(&admin).await;
        for (section, what, body, wanted) in [basic(&fixture), batch(&fixture), searches(&fixture)].into_iter().flatten() {
            let answer = admin.post(path(what), body.clone()).await;
            judge(&format!("{section}: {what} {body}"), what, &answer, &wanted);
        }
    }

    async fn pages_of_a_search_follow_by_their_token_alone(server: Server) {
        // Section 4.5: the request for the next page need not repeat the limit.
        let admin = server.admin().await;
        let fixture = fixture(&admin).await;
        let body = json!({ "subject": { "type": "user" }, "action": action("read"), "resource": fixture.one });
        let first = admin.post(path(SUBJECT), with(body.clone(), "/page", json!({ "limit": 1 }))).await.expect(200).json();
        let token = text(&first["page"]["next_token"]).to_owned();
        assert!(!token.is_empty(), "{first}");
        let rest = admin.post(path(SUBJECT), with(body, "/page", json!({ "token": token }))).await.expect(200).json();
        assert_eq!(rest["page"]["next_token"], "", "{rest}");
        let found = [list(&first["results"]).clone(), list(&rest["results"]).clone()].concat();
        for one in [&fixture.alice, &fixture.bob] {
            assert_eq!(found.iter().filter(|found| *found == one).count(), 1, "{found:?}");
        }
        // A limit is a non-negative integer (specification 8.2). Without room for results, the page says whether there are any.
        for (kind, is_found) in [("user", true), ("certificate", false)] {
            let body = json!({ "subject": { "type": kind }, "action": action("read"), "resource": fixture.one, "page": { "limit": 0 } });
            let empty = admin.post(path(SUBJECT), body.clone()).await.expect(200).json();
            assert_eq!((&empty["results"], &empty["page"]["count"]), (&json!([]), &json!(0)), "{empty}");
            let token = text(&empty["page"]["next_token"]);
            assert_eq!(!token.is_empty(), is_found, "{empty}");
            // The next page is the first one that has room.
            let next = admin.post(path(SUBJECT), with(body.clone(), "/page", json!({ "token": token }))).await.expect(200).json();
            let all = admin.post(path(SUBJECT), with(body, "/page", json!({}))).await.expect(200).json();
            assert_eq!(next["results"], all["results"], "{empty}");
        }
        for (what, body) in [
            (RESOURCE, json!({ "subject": fixture.alice, "action": action("read"), "resource": { "type": fixture.one["type"] }, "page": { "limit": 0 } })),
            (ACTION, json!({ "subject": fixture.alice, "resource": fixture.one, "page": { "limit": 0 } })),
        ] {
            let page = admin.post(path(what), body).await.expect(200).json();
            assert_eq!((&page["results"], &page["page"]["count"]), (&json!([]), &json!(0)), "{page}");
            assert_ne!(page["page"]["next_token"], "", "{page}");
        }
        // The page comes before the results, so that a client can show its progress (specification 8.3).
        let answer = admin.post(path(ACTION), json!({ "subject": fixture.alice, "resource": fixture.one })).await.expect(200);
        assert!(answer.text().starts_with(r#"{"page":"#), "{answer:?}");
    }

    async fn what_is_no_json_object_is_a_malformed_request(server: Server) {
        // Sections 2.4.3 to 2.4.5, for every endpoint.
        let admin = server.admin().await;
        let fixture = fixture(&admin).await;
        let good = json!({ "subject": fixture.alice, "action": action("read"), "resource": fixture.one }).to_string();
        for what in [EVALUATION, BATCH, SUBJECT, RESOURCE, ACTION] {
            let send = |kind: &str, body: &str| admin.call(Method::POST, path(what)).body(kind, body);
            for kind in [
                "text/plain", "text/plain; application/json", "text/json", "application/xml", "application/x-www-form-urlencoded",
                "multipart/form-data; boundary=a", "application/merge-patch+json", "application/json, text/plain", "json", "*/*",
            ] {
                send(kind, &good).await.expect_error(400);
                send(kind, "").await.expect_error(400);
            }
            for kind in ["", "application/json", "application/json; charset=utf-8", "Application/JSON;charset=UTF-8"] {
                send(kind, &good).await.expect(200);
                for body in ["", " ", "{", "{}", "[]", "null", "7", "\"text\"", "nonsense", "{\"subject\":}", &format!("[{good}]"), &format!("{good}{good}")] {
                    send(kind, body).await.expect_error(400);
                }
            }
            let of_page = send("", &good).header("origin", "https://elsewhere.example");
            of_page.await.expect_error(400);
            for method in [Method::GET, Method::PUT, Method::DELETE, Method::PATCH] {
                let answer = admin.call(method.clone(), path(what)).body("application/json", good.as_str()).await;
                assert_eq!(answer.status, 405, "{method} {what}: {answer:?}");
            }
            for caller in [server.anonymous(), server.anonymous().bearer("nonsense"), server.anonymous().basic("admin", "wrong")] {
                let answer = caller.call(Method::POST, path(what)).body("application/json", good.as_str()).await;
                answer.expect_error(401);
                assert!(!answer.header("www-authenticate").is_empty());
            }
        }
    }

    async fn the_name_of_a_request_comes_back(server: Server) {
        // Section 2.5: a name is any text.
        let admin = server.admin().await;
        let fixture = fixture(&admin).await;
        let good = json!({ "subject": fixture.alice, "action": action("read"), "resource": fixture.one });
        let long = "x".repeat(2_000);
        for what in [EVALUATION, BATCH, SUBJECT, RESOURCE, ACTION] {
            for name in ["bfe9eb29-ab87-4ca3-be83-a1d5d8305716", "two words", "{\"a\": [1]}", "1", &long] {
                for (caller, body, status) in [(&admin, good.clone(), 200), (&admin, json!({}), 400), (&server.anonymous(), good.clone(), 401)] {
                    let answer = caller.post(path(what), body).header("x-request-id", name).await.expect(status);
                    assert_eq!(answer.header("x-request-id"), name, "{what} {status}");
                }
            }
            admin.post(path(what), good.clone()).await.expect(200);
        }
    }

    async fn the_same_question_has_the_same_answer(server: Server) {
        // Section 2.6.
        let admin = server.admin().await;
        let fixture = fixture(&admin).await;
        let good = json!({ "subject": fixture.alice, "action": action("read"), "resource": fixture.one });
        for what in [EVALUATION, BATCH, SUBJECT, RESOURCE, ACTION] {
            let first = admin.post(path(what), good.clone()).await.expect(200).json();
            for _ in 0..3 {
                assert_eq!(admin.post(path(what), good.clone()).await.expect(200).json(), first, "{what}");
            }
        }
    }

    async fn the_metadata_names_what_there_is(server: Server) {
        // Section 6. With `public_url` the URLs are https; `tests/it` has that.
        let answer = server.anonymous().get("/.well-known/authzen-configuration").await.expect(200);
        assert_eq!(answer.header("content-type"), "application/json");
        let found = answer.json();
        let members: Vec<&str> = found.as_object().expect("an object").keys().map(String::as_str).collect();
        assert_eq!(members, [
            "access_evaluation_endpoint", "access_evaluations_endpoint", "policy_decision_point", "search_action_endpoint",
            "search_resource_endpoint", "search_subject_endpoint",
        ]);
        assert!(found.as_object().expect("an object").values().all(|url| !text(url).is_empty()), "{found}");
    }
}
