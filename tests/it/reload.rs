//! SIGHUP: the server reads its settings again, and goes on.

use std::{fs, time::Duration};

use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

use crate::support::{
    connectware::*,
    raw::{PATIENCE, Raw},
    server::{Engine, Server, Site},
};

/// Writes the file of the settings and tells the server.
fn set(server: &Server, file: &str) {
    fs::write(server.site().data().join("muniment.toml"), file).expect("the file can be written");
    server.read_settings_again();
}

/// Waits until the log has this text so many times.
async fn logged(server: &Server, text: &str, times: usize) {
    let wait = async {
        while server.log().matches(text).count() < times {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, wait)
        .await
        .unwrap_or_else(|_| panic!("the log should have {text:?}"));
}

async fn policy(server: &Server) -> Value {
    server
        .anonymous()
        .get("/api/auth/password-policy")
        .await
        .expect(200)
        .json()
}

#[tokio::test]
async fn settings_are_read_again_and_nothing_ends() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let server = Site::new(engine).without("MUNIMENT_LOG").start().await;
        let admin = server.admin().await;
        let rules = |min: u64| json!({ "min": min, "lower": 0, "upper": 0, "numeric": 0, "symbol": 0 });
        assert_eq!(policy(&server).await, rules(5));
        // A request that has begun goes on.
        let body = role("late", json!([])).to_string();
        let mut begun = Raw::to(&server).await;
        begun
            .send(&format!(
                "POST /api/roles HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\
                 Content-Length: {}\r\nExpect: 100-continue\r\n\r\n",
                admin.token(),
                body.len()
            ))
            .await;
        assert!(begun.answer().await.starts_with("HTTP/1.1 100"));

        set(
            &server,
            "log = \"debug\"\ntoken_hours = 3\ncors_origins = \"https://app.example\"\n[password_policy]\nmin = 20\n",
        );
        logged(&server, "read the settings again; the others", 1).await;
        begun.send(&body).await;
        assert!(begun.answer().await.starts_with("HTTP/1.1 201"));
        assert_eq!(policy(&server).await, rules(20));
        let short = json!({ "password": "a short password" });
        admin
            .post("/api/users", user("ada", short.clone()))
            .await
            .expect_error(400);
        let session = admin
            .get("/api/session")
            .header("origin", "https://app.example")
            .await
            .expect(200);
        assert_eq!(
            session.header("access-control-allow-origin"),
            "https://app.example"
        );
        assert!(server.log().contains("DEBUG"), "{}", server.log());

        // A mistake changes nothing.
        set(&server, "token_hours = 3\npassword_policy = 7\n");
        logged(&server, "cannot read the settings again", 1).await;
        assert_eq!(policy(&server).await, rules(20));
        set(&server, "");
        logged(&server, "read the settings again; the others", 2).await;
        assert_eq!(policy(&server).await, rules(5));
        admin.post("/api/users", user("ada", short)).await.expect(201);
        let _ = server.terminate().await;
    }
}

#[tokio::test]
async fn what_users_may_give_is_read_again() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let server = Site::new(engine).without("MUNIMENT_LOG").start().await;
        let admin = server.admin().await;
        let giver = caller(&admin, "giver", json!([http("/api/roles", "write")])).await;
        let give = async |name: &str| {
            giver
                .post("/api/roles", role(name, json!([mqtt("a", "read")])))
                .await
        };
        assert_eq!(give("one").await.expect_error(403).code, "not_held");
        set(&server, "granting = \"any\"\n");
        logged(&server, "read the settings again; the others", 1).await;
        give("two").await.expect(201);
        // A mistake changes nothing.
        set(&server, "granting = \"some\"\n");
        logged(&server, "cannot read the settings again", 1).await;
        give("three").await.expect(201);
        set(&server, "granting = \"held\"\n");
        logged(&server, "read the settings again; the others", 2).await;
        assert_eq!(give("four").await.expect_error(403).code, "not_held");
        let _ = server.terminate().await;
    }
}
