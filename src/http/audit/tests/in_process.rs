//! The scenarios of this face, in process. `tests/it` runs the same scenarios against the binary, on both engines.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

mod audit;
mod events;

use std::{collections::BTreeSet, time::Duration};

use kit::{self as support, client::Client, connectware::*, server::Server};
use serde_json::{Value, json};

use self::audit::refused;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

async fn wrong_login(server: &Server, username: &str) {
    let body = json!({ "username": username, "password": "a guess" });
    server
        .anonymous()
        .post("/api/login", body)
        .await
        .expect_error(401);
}

async fn tidy(server: &Server) {
    let keeping = server.app().settings.keeping();
    let refusals = server.app().ledger().refusals();
    refusals.store().await.expect("what was refused before is stored");
    refusals.tidy(&keeping).await.expect("the database answers");
}

async fn names(auditor: &Client) -> Vec<Value> {
    let answer = auditor.get("/api/audit?outcome=refused").await.expect(200).json();
    list(&answer["items"])
        .iter()
        .map(|item| item["name"].clone())
        .collect()
}

#[tokio::test]
async fn names_and_addresses_are_erased_after_their_days() {
    let server = Server::start_set(&[("MUNIMENT_AUDIT_NAMES_DAYS", "2")]).await;
    let ada = create_user(&server.admin().await, "ada").await;
    wrong_login(&server, "ada").await;
    server.pass(2 * DAY).await;
    wrong_login(&server, "eve").await;
    tidy(&server).await;
    let admin = server.admin().await;
    assert_eq!(names(&admin).await, ["eve", "ada"]);
    server.pass(DAY).await;
    tidy(&server).await;
    let admin = server.admin().await;
    assert_eq!(names(&admin).await, ["eve", "[erased]"]);
    let items = refused(&admin, &format!("actor={ada}"), 1).await;
    for (key, value) in [
        ("address", "[erased]"),
        ("detail", "[erased]"),
        ("reason", "wrong_password"),
        ("kind", "login.refused"),
        ("path", "/api/login"),
    ] {
        assert_eq!(items[0][key], value, "{items:?}");
    }
}

#[tokio::test]
async fn refusals_go_after_their_days() {
    let server = Server::start_set(&[("MUNIMENT_AUDIT_REFUSALS_DAYS", "10")]).await;
    wrong_login(&server, "ada").await;
    server.pass(9 * DAY).await;
    wrong_login(&server, "eve").await;
    tidy(&server).await;
    assert_eq!(names(&server.admin().await).await, ["eve", "ada"]);
    server.pass(2 * DAY).await;
    tidy(&server).await;
    assert_eq!(names(&server.admin().await).await, ["eve"]);
}

#[tokio::test]
async fn the_log_warns_of_a_clock_that_jumps_and_tells_what_is_deleted() {
    let server = Server::start_set(&[("MUNIMENT_AUDIT_REFUSALS_DAYS", "10")]).await;
    wrong_login(&server, "ada").await;
    tidy(&server).await;
    assert!(!server.log().contains("the clock is far ahead"));
    server.advance(400 * DAY);
    tidy(&server).await;
    tidy(&server).await;
    let warnings = server.log().matches("the clock is far ahead").count();
    assert_eq!(warnings, 1, "{}", server.log());
    // A login records an event under the wrong clock.
    assert_eq!(names(&server.admin().await).await, ["ada"]);
    tidy(&server).await;
    assert_eq!(names(&server.admin().await).await, ["ada"]);
    assert!(!server.log().contains("deleted old refusals"), "{}", server.log());
    server.pass(20 * DAY).await;
    tidy(&server).await;
    assert!(names(&server.admin().await).await.is_empty());
    let log = server.log();
    let deleted = log.lines().find(|line| line.contains("deleted old refusals"));
    let deleted = deleted.unwrap_or_else(|| panic!("{log}"));
    assert!(
        deleted.contains("INFO") && deleted.contains("rows=1"),
        "{deleted}"
    );
}

#[tokio::test]
async fn a_token_that_expired_is_evidence() {
    let server = Server::start().await;
    let ada = create_user(&server.admin().await, "ada").await;
    let session = server.anonymous().login("ada", PASSWORD).await;
    server.advance(2 * DAY);
    session.get("/api/session").await.expect_error(401);
    let admin = server.admin().await;
    let items = refused(&admin, &format!("actor={ada}"), 1).await;
    assert_eq!(
        (&items[0]["kind"], &items[0]["reason"]),
        (&json!("credential.refused"), &json!("expired_token"))
    );
}

#[tokio::test]
async fn a_flood_of_names_is_rolled_up_and_counted_exactly() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let tasks: Vec<_> = (0..5)
        .map(|task| {
            let anonymous = server.anonymous();
            tokio::spawn(async move {
                for number in 0..500 {
                    let caller = anonymous.basic(&format!("nobody.{task}.{number}"), "a guess");
                    let answer = caller.get("/api/session").await;
                    answer.expect_error_in(&[401, 429]);
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("the calls are answered");
    }
    let items = refused(&admin, "kind=login.refused", 2_500).await;
    let (named, rolled): (Vec<_>, Vec<_>) = items.iter().partition(|item| item["name"].is_string());
    assert!(named.iter().all(|item| item["count"] == 1), "{named:?}");
    let names: BTreeSet<_> = named.iter().map(|item| text(&item["name"])).collect();
    assert_eq!(names.len(), named.len());
    // Each minute has up to 1,000 rows of an address, and the flood takes no two minutes.
    assert!((1_000..=2_000).contains(&named.len()), "{}", named.len());
    assert!((1..10).contains(&rolled.len()), "{rolled:?}");
    for item in rolled {
        assert_eq!(item["path"], Value::Null, "{item}");
        assert!(item["address"].is_string(), "{item}");
    }
}
