//! The scenarios of this face, in process. `tests/it` runs the same scenarios against the binary, on both engines.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

mod api;

use kit as support;

use std::time::Duration;

use kit::{connectware::*, server::Server};
use serde_json::json;

const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test]
async fn a_token_ends_at_its_minute_and_not_before() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let id = create_user(&admin, "ada").await;
    let login = json!({ "username": "ada", "password": PASSWORD, "expireTimeInHours": 1 });
    let token = server
        .anonymous()
        .post("/api/login", login)
        .await
        .expect(200)
        .json();
    let ada = server.anonymous().bearer(text(&token["token"]));
    let tokens = async || {
        admin
            .get(format!("/api/users/{id}/tokens"))
            .await
            .expect(200)
            .json()
    };
    ada.get("/api/session").await.expect(200);
    server.advance(59 * MINUTE);
    ada.get("/api/session").await.expect(200);
    assert_eq!(list(&tokens().await).len(), 1);
    server.advance(MINUTE);
    ada.get("/api/session").await.expect_error(401);
    assert_eq!(tokens().await, json!([]));
    admin.get("/api/session").await.expect(200);
}

#[tokio::test]
async fn a_process_that_stood_still_decides_nothing_until_it_has_looked() {
    let server = Server::start().await;
    let admin = server.admin().await;
    server.stand_still(Duration::from_millis(4_999));
    admin.get("/api/session").await.expect(200);
    server.stand_still(Duration::from_millis(2));
    let stale = admin.get("/api/session").await;
    assert_eq!(stale.expect_error(503).code, "stale");
    assert_eq!(stale.header("retry-after"), "1");
    server.anonymous().get("/api/session").await.expect_error(401);
    server
        .app()
        .ledger()
        .read_to_head()
        .await
        .expect("SQLite answers");
    admin.get("/api/session").await.expect(200);
}
