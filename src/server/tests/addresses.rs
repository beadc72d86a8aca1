//! The address of a client: of the connection, or as a trusted proxy says.

#![expect(clippy::expect_used, reason = "a test that cannot go on fails")]

use kit::{
    client::Client,
    server::{ADMIN_PASSWORD, Server},
};
use serde_json::json;

/// The address of a login that has this header, as the ledger records it.
async fn recorded(server: &Server, client: &Client, forwarded_for: &str) -> String {
    let body = json!({ "username": "admin", "password": ADMIN_PASSWORD });
    let login = client
        .post("/api/login", body)
        .header("x-forwarded-for", forwarded_for);
    login.await.expect(200);
    let logins = server.app().ledger().recent_logins(1_000).await.expect("logins");
    logins.last().expect("a login").address.clone()
}

#[tokio::test]
async fn a_header_of_a_stranger_is_not_believed() {
    let server = Server::start().await;
    let stranger = server.anonymous().at("198.51.100.7");
    assert_eq!(recorded(&server, &stranger, "203.0.113.5").await, "198.51.100.7");
    let mapped = server.anonymous().at("::ffff:198.51.100.8");
    assert_eq!(recorded(&server, &mapped, "").await, "198.51.100.8");
}

#[tokio::test]
async fn a_header_of_a_trusted_proxy_names_the_client() {
    let settings = [("MUNIMENT_TRUSTED_PROXIES", "10.0.0.0/8")];
    let server = Server::start_set(&settings).await;
    let proxy = server.anonymous().at("10.0.0.9");
    assert_eq!(
        recorded(&server, &proxy, "1.2.3.4, 203.0.113.5").await,
        "203.0.113.5"
    );
    assert_eq!(recorded(&server, &proxy, "not an address").await, "10.0.0.9");
    let stranger = server.anonymous().at("198.51.100.7");
    assert_eq!(recorded(&server, &stranger, "203.0.113.5").await, "198.51.100.7");
}
