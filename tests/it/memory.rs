//! How much memory requests can take, with and without a credential.

use std::fmt::Write;

use futures_util::future::join_all;
use serde_json::json;
use tokio::{io::AsyncWriteExt, time::timeout};

use crate::support::{
    connectware::*,
    raw::{PATIENCE, Raw},
    server::{ADMIN_PASSWORD, Engine, Server, Site},
};

const MIB: usize = 1 << 20;

/// The head of a login that announces so many bytes.
fn head_of_login(length: usize) -> String {
    format!(
        "POST /api/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
         Content-Length: {length}\r\n\r\n"
    )
}

/// Connections that have sent all of a login but the last byte. The login is as large as a login may be.
async fn stalled(server: &Server, count: usize) -> Vec<Raw> {
    let body = format!("{{\"username\": \"{}", "a".repeat(8_150));
    let mut all = Vec::with_capacity(count);
    for _ in 0..count {
        let mut raw = Raw::to(server).await;
        raw.send(&(head_of_login(body.len() + 1) + &body)).await;
        all.push(raw);
    }
    all
}

/// Fails unless a new client can log in, in pieces.
async fn a_login_gets_in(server: &Server) {
    let body = json!({ "username": "admin", "password": ADMIN_PASSWORD }).to_string();
    let (first, second) = body.split_at(20);
    let mut raw = Raw::to(server).await;
    raw.send(&(head_of_login(body.len()) + first)).await;
    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    raw.send(second).await;
    let answer = raw.answer().await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[tokio::test]
async fn stalled_logins_take_no_more_than_they_sent() {
    let server = Server::start(Engine::Sqlite).await;
    let admin = server.admin().await;
    let before = server.peak_memory();
    let stalled = stalled(&server, 600).await;
    a_login_gets_in(&server).await;
    admin.get("/api/session").await.expect(200);
    let grown = server.peak_memory() - before;
    // 8 KiB of a body, and what a connection itself needs: buffers and a task.
    assert!(grown < 600 * (64 << 10), "600 logins took {} KiB", grown >> 10);
    drop(stalled);
}

#[tokio::test]
async fn stalled_logins_keep_nobody_out() {
    let server = Server::start(Engine::Sqlite).await;
    let admin = server.admin().await;
    let mut stalled = stalled(&server, 1_100).await;
    a_login_gets_in(&server).await;
    // The oldest gave up their places.
    let oldest = stalled.first_mut().expect("a connection").rest().await;
    assert!(oldest.starts_with("HTTP/1.1 503"), "{oldest}");
    assert!(
        oldest.contains("retry-after: 1") && oldest.contains(r#""code":"busy""#),
        "{oldest}"
    );
    let newest = stalled.last_mut().expect("a connection");
    newest.send("}").await;
    assert!(newest.answer().await.starts_with("HTTP/1.1 400"));
    // The body of a caller is not one of them.
    let name = "b".repeat(500_000);
    admin
        .post(
            "/api/roles",
            json!({ "name": name, "isShared": true, "permissions": [] }),
        )
        .await
        .expect_error(400);
    admin
        .post("/api/roles", role("late", json!([])))
        .await
        .expect(201);
}

#[tokio::test]
async fn pieces_of_one_byte_take_no_more_than_a_whole() {
    let server = Server::start(Engine::Sqlite).await;
    let admin = server.admin().await;
    let head = |path: &str| {
        format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
             Transfer-Encoding: chunked\r\nAuthorization: Bearer {}\r\n\r\n",
            admin.token()
        )
    };
    let mut chunks = String::new();
    for byte in "[1".chars().chain(std::iter::repeat_n(' ', 100_000)) {
        write!(chunks, "1\r\n{byte}\r\n").expect("a text grows");
    }
    let before = server.peak_memory();
    let mut all = Vec::new();
    for _ in 0..10 {
        all.push(Raw::to(&server).await);
    }
    // They are all unfinished at the same time.
    let begun = head("/api/users/batch") + &chunks;
    join_all(all.iter_mut().map(|raw| raw.send(&begun))).await;
    join_all(all.iter_mut().map(|raw| raw.send("1\r\n]\r\n0\r\n\r\n"))).await;
    for raw in &mut all {
        assert!(raw.answer().await.starts_with("HTTP/1.1 400"));
    }
    let grown = server.peak_memory() - before;
    assert!(grown < 20 * MIB, "ten bodies of 100 kB took {} KiB", grown >> 10);
}

#[tokio::test]
async fn callers_who_stall_are_told_when_there_is_no_more_memory() {
    let server = Server::start(Engine::Sqlite).await;
    let admin = server.admin().await;
    let before = server.peak_memory();
    let head = format!(
        "POST /access/v1/evaluations HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nAuthorization: Bearer {}\r\n\r\n",
        16 * MIB,
        admin.token()
    );
    let mut all = Vec::new();
    for _ in 0..6 {
        let mut raw = Raw::to(&server).await;
        raw.send(&head).await;
        // The server does not read what it has refused.
        let _ = timeout(PATIENCE, raw.0.write_all(" ".repeat(7 * MIB).as_bytes())).await;
        all.push(raw);
    }
    let refusal = all.pop().expect("a connection").rest().await;
    assert!(refusal.starts_with("HTTP/1.1 503"), "{refusal}");
    assert!(
        refusal.contains("retry-after: 1") && refusal.contains(r#""code":"busy""#),
        "{refusal}"
    );
    a_login_gets_in(&server).await;
    drop(all);
    let grown = server.peak_memory() - before;
    assert!(grown < 64 * MIB, "six callers took {} KiB", grown >> 10);
}

#[tokio::test]
async fn a_body_is_waited_for_only_a_while() {
    let server = Site::new(Engine::Sqlite)
        .with("MUNIMENT_BODY_PATIENCE_MS", "500")
        .start()
        .await;
    let admin = server.admin().await;
    let mut stranger = Raw::to(&server).await;
    stranger.send(&(head_of_login(100) + "{")).await;
    let mut caller = Raw::to(&server).await;
    caller
        .send(&format!(
            "POST /api/roles HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\
             Transfer-Encoding: chunked\r\n\r\n",
            admin.token()
        ))
        .await;
    // A byte now and then does not make the server wait longer.
    let trickle = async {
        while caller.0.write_all(b"1\r\n \r\n").await.is_ok() {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    };
    timeout(PATIENCE, trickle)
        .await
        .expect("the server should close the connection");
    let answer = stranger.rest().await;
    assert!(
        answer.starts_with("HTTP/1.1 408") && answer.contains(r#""code":"timeout""#),
        "{answer}"
    );
}

#[tokio::test]
async fn a_head_has_a_limit() {
    let server = Server::start(Engine::Sqlite).await;
    let mut raw = Raw::to(&server).await;
    raw.send(&format!(
        "GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: {}\r\n\r\n",
        "a".repeat(75_000)
    ))
    .await;
    assert!(raw.answer().await.starts_with("HTTP/1.1 200"));
    let mut raw = Raw::to(&server).await;
    raw.send(&format!(
        "GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: {}",
        "a".repeat(90_000)
    ))
    .await;
    let answer = raw.rest().await;
    assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
}
