//! Connections: how long they may be silent, how many are allowed, and how they end.

use std::time::Duration;

use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::{sleep, timeout},
};

use crate::log::until_logged;
use crate::support::{
    connectware::*,
    raw::{PATIENCE, Raw},
    server::{Engine, Server, Site},
};

const WHOLE: &str = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
const HALF: &str = "GET /healthz HTTP/1.1\r\nHost: local";

async fn impatient(connections: usize) -> Server {
    Site::new(Engine::Sqlite)
        .with("MUNIMENT_HEAD_PATIENCE_MS", "500")
        .with("MUNIMENT_CONNECTIONS", &connections.to_string())
        .start()
        .await
}

#[tokio::test]
async fn half_a_head_is_waited_for_only_a_while() {
    let server = impatient(100).await;
    let mut raw = Raw::to(&server).await;
    raw.send(HALF).await;
    assert_eq!(raw.rest().await, "");
}

#[tokio::test]
async fn a_head_that_trickles_in_is_not_waited_for_longer() {
    let server = impatient(100).await;
    let mut raw = Raw::to(&server).await;
    let trickle = async {
        loop {
            // After the server has closed, it answers further bytes with a reset.
            if raw.0.write_all(b"x").await.is_err() {
                return;
            }
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(PATIENCE, trickle)
        .await
        .expect("the server should close the connection");
}

#[tokio::test]
async fn who_says_nothing_is_waited_for_only_a_while_whether_they_asked_before_or_not() {
    let server = impatient(100).await;
    let (mut silent, mut idle) = (Raw::to(&server).await, Raw::to(&server).await);
    idle.send(WHOLE).await;
    assert!(idle.answer().await.starts_with("HTTP/1.1 200"));
    assert_eq!(silent.rest().await, "");
    assert_eq!(idle.rest().await, "");
}

#[tokio::test]
async fn who_keeps_asking_keeps_the_connection() {
    let server = impatient(100).await;
    let mut raw = Raw::to(&server).await;
    for _ in 0..15 {
        raw.send(WHOLE).await;
        assert!(raw.answer().await.starts_with("HTTP/1.1 200"));
        // All pauses together are longer than the patience.
        sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn one_connection_too_many_is_told_so_and_harms_nobody() {
    let server = Site::new(Engine::Sqlite)
        .with("MUNIMENT_CONNECTIONS", "3")
        .start()
        .await;
    let mut within = Vec::new();
    for _ in 0..3 {
        let mut raw = Raw::to(&server).await;
        raw.send(WHOLE).await;
        assert!(raw.answer().await.starts_with("HTTP/1.1 200"));
        within.push(raw);
    }
    let mut above = Raw::to(&server).await;
    above.send(WHOLE).await;
    let refusal = above.rest().await;
    assert!(refusal.starts_with("HTTP/1.1 503"), "{refusal}");
    assert!(
        refusal.contains("retry-after: 1") && refusal.contains(r#""code":"busy""#),
        "{refusal}"
    );
    until_logged(&server, "busy: refused requests").await;
    assert!(server.log().contains("too many connections"), "{}", server.log());
    for raw in &mut within {
        raw.send(WHOLE).await;
        assert!(raw.answer().await.starts_with("HTTP/1.1 200"));
    }
    // When a connection ends, another client gets its place.
    drop(within.pop());
    let admitted = async {
        loop {
            let mut raw = Raw::to(&server).await;
            raw.send(WHOLE).await;
            if raw.answer().await.starts_with("HTTP/1.1 200") {
                return;
            }
        }
    };
    timeout(PATIENCE, admitted).await.expect("a place");
}

#[tokio::test]
async fn silent_connections_of_one_address_keep_nobody_out() {
    let server = Site::new(Engine::Sqlite)
        .with("MUNIMENT_CONNECTIONS", "20")
        .start()
        .await;
    let mut silent = Vec::new();
    for _ in 0..40 {
        silent.push(Raw::from(&server, "127.0.0.9").await);
    }
    let mut others = Vec::new();
    for number in 0..15 {
        let mut raw = Raw::from(&server, &format!("127.0.1.{}", number + 1)).await;
        raw.send(WHOLE).await;
        assert!(raw.answer().await.starts_with("HTTP/1.1 200"), "{number}");
        others.push(raw);
        silent.push(Raw::from(&server, "127.0.0.9").await);
    }
    for raw in &mut others {
        raw.send(WHOLE).await;
        assert!(
            raw.answer().await.starts_with("HTTP/1.1 200"),
            "the others keep theirs"
        );
    }
    // Even the client that is silent may ask, on a connection of its own.
    let mut last = Raw::from(&server, "127.0.0.9").await;
    last.send(WHOLE).await;
    assert!(last.answer().await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn a_refusal_arrives_although_the_client_sends_more() {
    let server = Site::new(Engine::Sqlite)
        .with("MUNIMENT_CONNECTIONS", "1")
        .start()
        .await;
    let mut within = Raw::to(&server).await;
    within.send(WHOLE).await;
    assert!(within.answer().await.starts_with("HTTP/1.1 200"));
    let mut silent = Vec::new();
    for _ in 0..100 {
        silent.push(Raw::to(&server).await);
    }
    for _ in 0..10 {
        let mut above = Raw::to(&server).await;
        let body = "x".repeat(100_000);
        let head = format!(
            "POST /api/login HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        above.send(&head).await;
        above.send(&body).await;
        let mut answer = Vec::new();
        let read = timeout(PATIENCE, above.0.read_to_end(&mut answer)).await;
        let read = read.expect("the server should close the connection");
        assert!(read.is_ok(), "{read:?}");
        assert!(answer.starts_with(b"HTTP/1.1 503"));
    }
}

#[tokio::test]
async fn an_end_waits_for_requests_that_are_begun_and_for_nobody_else() {
    let server = Server::start(Engine::Sqlite).await;
    let admin = server.admin().await;
    let (mut silent, mut half) = (Raw::to(&server).await, Raw::to(&server).await);
    half.send(HALF).await;
    // The server has begun to read the body of this request.
    let body = role("late", json!([])).to_string();
    let mut begun = Raw::to(&server).await;
    begun
        .send(&format!(
            "POST /api/roles HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\nContent-Length: {}\r\n\
             Expect: 100-continue\r\n\r\n",
            admin.token(),
            body.len()
        ))
        .await;
    assert!(begun.answer().await.starts_with("HTTP/1.1 100"));
    server.ask_to_end();
    assert_eq!(silent.rest().await, "");
    assert_eq!(half.rest().await, "");
    begun.send(&body).await;
    let answer = begun.rest().await;
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    let ended = timeout(PATIENCE, server.ended())
        .await
        .expect("the server should end");
    assert!(ended.status.success(), "{}", ended.log);
}
