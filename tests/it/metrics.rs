//! What `GET /metrics` says.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;
use tokio::net::TcpListener;

use crate::support::{
    client::Client,
    connectware::*,
    doctor::doctor_says,
    server::{Engine, Site},
};

/// The samples, by their names with the labels. Fails if the text is not in the format.
async fn metrics(admin: &Client) -> BTreeMap<String, f64> {
    let answer = admin.get("/metrics").await.expect(200);
    assert_eq!(
        answer.header("content-type"),
        "text/plain; version=0.0.4; charset=utf-8"
    );
    let text = answer.text();
    assert!(text.ends_with('\n'));
    assert!(!text.contains("press.") && !text.contains("127.0.0.1"), "{text}");
    let (mut types, mut helps, mut samples) = (BTreeSet::new(), BTreeSet::new(), BTreeMap::new());
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let (name, _) = rest.split_once(' ').expect("a help");
            assert!(helps.insert(name), "{name} has two helps");
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').expect("a type");
            assert!(
                kind == "gauge" || kind == "counter" && name.ends_with("_total"),
                "{line}"
            );
            assert!(types.insert(name), "{name} has two types");
        } else {
            let (name, value) = line.rsplit_once(' ').expect("a sample");
            let family = name.split_once('{').map_or(name, |(family, _)| family);
            assert!(
                types.contains(family) && helps.contains(family),
                "{line} has no family"
            );
            let value: f64 = value.parse().expect("a number");
            assert!(
                samples.insert(name.to_owned(), value).is_none(),
                "{line} is there twice"
            );
        }
    }
    samples
}

#[tokio::test]
async fn hooks_refusals_batches_and_brokers_are_counted() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        // Nobody answers here.
        let silent = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let closed = silent.local_addr().expect("an address");
        drop(silent);
        let setting = json!([{
            "kind": "rabbitmq", "url": format!("http://{closed}"), "username": "manager", "password": "secret",
        }]);
        let server = Site::new(engine)
            .with("MUNIMENT_BROKERS", &setting.to_string())
            .start()
            .await;
        let admin = server.admin().await;
        let rights = json!({ "initialPermissions": [mqtt("a", "write")] });
        let id = create_user_with(&admin, "press.7", rights).await;
        let broker = server.broker();
        for (topic, times) in [("a", 2), ("b", 3)] {
            for _ in 0..times {
                let body = json!({ "username": "press.7", "topic": topic, "action": "publish" });
                broker.post("/hooks/emqx/authz", body).await.expect(200);
            }
        }
        server
            .beside_brokers()
            .post("/hooks/emqx/authz", json!({}))
            .await
            .expect(401);
        let wrong = json!({ "username": "press.7", "password": "a guess" });
        server.anonymous().post("/api/login", wrong).await.expect(401);
        let before = metrics(&admin).await;
        let lost = json!({ "permissions": [] });
        admin.put(format!("/api/users/{id}"), lost).await.expect(200);
        doctor_says(server.site(), "the last try failed").await;
        let after = metrics(&admin).await;

        let hook = |answer: &str| {
            let name = format!("muniment_hooks_total{{hook=\"/hooks/emqx/authz\",answer=\"{answer}\"}}");
            after.get(&name).copied()
        };
        assert_eq!(hook("allowed"), Some(2.0));
        assert_eq!(hook("forbidden"), Some(3.0));
        assert_eq!(hook("unauthorized"), Some(1.0));
        assert_eq!(after["muniment_refusals_total{kind=\"login.refused\"}"], 1.0);
        assert_eq!(
            after["muniment_requests_refused_total{face=\"connectware\",code=\"unauthorized\"}"],
            1.0
        );
        for more in ["muniment_ledger_position", "muniment_password_hashes_total"] {
            assert!(after[more] >= before[more] && after[more] > 0.0, "{more}");
        }
        assert!(
            after["muniment_ledger_batches_landed_total"]
                + after["muniment_ledger_batches_locked_total{because=\"head unknown\"}"]
                > 0.0
        );
        let of_broker = |name: &str| after[&format!("muniment_broker_{name}")];
        assert_eq!(of_broker("kicks_total{broker=\"1\",result=\"ended\"}"), 0.0);
        assert!(of_broker("kicks_total{broker=\"1\",result=\"failed\"}") >= 1.0);
        assert_eq!(of_broker("kicks_pending{broker=\"1\"}"), 1.0);
        assert!(of_broker("kicks_oldest_pending_seconds{broker=\"1\"}") >= 0.0);
        assert_eq!(of_broker("lag_events{broker=\"1\"}"), 0.0);
    }
}

#[tokio::test]
async fn a_role_with_one_permission_may_read_them() {
    let server = Site::new(Engine::Sqlite).start().await;
    let admin = server.admin().await;
    let watcher = caller(&admin, "prometheus", json!([http("/metrics", "read")])).await;
    metrics(&watcher).await;
    let other = caller(&admin, "other", json!([http("/api/#", "readWrite")])).await;
    other.get("/metrics").await.expect_error(403);
    server.anonymous().get("/metrics").await.expect_error(401);
    server.broker().get("/metrics").await.expect_error(404);
}
