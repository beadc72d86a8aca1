//! Heavy questions over real connections: they end with their connections, and leave all other requests alone.

use std::time::Duration;

use serde_json::json;
use tokio::time::{sleep, timeout};

use crate::support::{
    client::Client,
    database,
    raw::Raw,
    server::{Engine, Server, Site},
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
