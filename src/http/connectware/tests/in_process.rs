//! The scenarios of this face, in process. `tests/it` runs the same scenarios against the binary, on both engines.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

mod api;

use kit as support;

use std::time::Duration;

use kit::{
    connectware::*,
    server::{ADMIN_PASSWORD, Server},
};
use serde_json::{Value, json};

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
async fn no_token_is_valid_for_longer_than_the_settings_allow() {
    let settings = [("MUNIMENT_TOKEN_HOURS_MOST", "8")];
    let server = Server::start_set(&settings).await;
    let log_in = async |hours: Value| {
        let login = json!({ "username": "admin", "password": ADMIN_PASSWORD, "expireTimeInHours": hours });
        server.anonymous().post("/api/login", login).await
    };
    let until = async |hours: Value| {
        let answer = log_in(hours).await.expect(200).json();
        let token = server.anonymous().bearer(text(&answer["token"]));
        let session = token.get("/api/session").await.expect(200).json();
        assert_eq!(session["expiresAt"], answer["expiresAt"]);
        (text(&answer["expiresAt"])[..16].to_owned(), token)
    };
    assert_eq!(until(json!(1)).await.0, "2026-01-31T13:00");
    // Without a wish a token would be valid for 24 hours.
    for hours in [json!(8), json!(9), json!(99_999), json!(1_000_000), json!(null)] {
        assert_eq!(until(hours.clone()).await.0, "2026-01-31T20:00", "{hours}");
    }
    for hours in [json!(0), json!(1_000_001), json!(i64::MAX)] {
        log_in(hours).await.expect_error(400);
    }
    let (_, token) = until(json!(99_999)).await;
    server.advance(8 * 60 * MINUTE);
    token.get("/api/session").await.expect_error(401);
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
