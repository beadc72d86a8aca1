//! The scenarios of this face, in process. `tests/it` runs the same scenarios against the binary, on both engines.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

mod nx;

use kit as support;

use std::time::Duration;

use nx::sign_in::{Pair, pair, refresh, sign_in};
use serde_json::json;

use crate::support::{connectware::*, server::Server};

const MINUTE: Duration = Duration::from_secs(60);

async fn counts(server: &Server, tokens: &Pair) -> bool {
    let client = server.anonymous().bearer(&tokens.access);
    client.get("/auth/admin/agreements").await.status == 403
}

#[tokio::test]
async fn access_tokens_end_soon_and_refresh_tokens_later() {
    let server = Server::start().await;
    create_user(&server.admin().await, "ada").await;
    let first = sign_in(&server, "ada", PASSWORD).await;
    server.advance(9 * MINUTE);
    assert!(counts(&server, &first).await);
    server.advance(2 * MINUTE);
    assert!(!counts(&server, &first).await);
    let second = pair(refresh(&server, &first.refresh, json!({})).await);
    assert!(counts(&server, &second).await);
    // Seven hours later, the client takes another refresh token. The first one goes on until its own end.
    server.advance(7 * 60 * MINUTE);
    let third = pair(refresh(&server, &first.refresh, json!({ "GrantType": "RefreshToken" })).await);
    server.advance(45 * MINUTE);
    let again = pair(refresh(&server, &first.refresh, json!({ "GrantType": "RefreshToken" })).await);
    assert_eq!(again.refresh, third.refresh);
    server.advance(15 * MINUTE);
    refresh(&server, &first.refresh, json!({})).await.expect(401);
    let fourth = pair(refresh(&server, &third.refresh, json!({})).await);
    assert!(counts(&server, &fourth).await);
    server.advance(8 * 60 * MINUTE);
    refresh(&server, &third.refresh, json!({})).await.expect(401);
}

#[tokio::test]
async fn the_settings_say_how_long() {
    let settings = [
        ("MUNIMENT_NX_ACCESS_MINUTES", "3"),
        ("MUNIMENT_NX_REFRESH_HOURS", "10"),
        ("MUNIMENT_TOKEN_HOURS_MOST", "5"),
    ];
    let server = Server::start_set(&settings).await;
    create_user(&server.admin().await, "ada").await;
    let tokens = sign_in(&server, "ada", PASSWORD).await;
    server.advance(4 * MINUTE);
    assert!(!counts(&server, &tokens).await);
    server.advance(4 * 60 * MINUTE);
    pair(refresh(&server, &tokens.refresh, json!({})).await);
    server.advance(60 * MINUTE);
    refresh(&server, &tokens.refresh, json!({})).await.expect(401);
}

#[tokio::test]
async fn a_sign_in_has_few_access_tokens_at_once() {
    let server = Server::start().await;
    create_user(&server.admin().await, "ada").await;
    let first = sign_in(&server, "ada", PASSWORD).await;
    let mut last = first.clone();
    for _ in 0..64 {
        assert!(counts(&server, &first).await);
        last = pair(refresh(&server, &first.refresh, json!({})).await);
    }
    assert!(!counts(&server, &first).await, "the oldest one makes room");
    assert!(counts(&server, &last).await);
}
