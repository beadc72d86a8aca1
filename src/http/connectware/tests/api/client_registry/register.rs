//! `POST /api/client-registry/register`

use serde_json::json;

use super::*;
use crate::support::{both_engines, connectware::*, server::Server};

both_engines! {
    async fn a_device_registers_waits_and_is_let_in(server: Server) {
        let admin = server.admin().await;
        let press = device("press.7", json!({}));
        let locked = register(&admin, press.clone()).await.expect_error(423);
        assert_eq!(locked.code, "registry_locked");
        open(&admin).await;
        for _ in 0..2 {
            let answer = register(&admin, press.clone()).await.expect(202);
            assert_eq!(answer.text(), "");
            // Strangers learn nothing about the ledger.
            assert!(answer.headers.get("muniment-position").is_none(), "{answer:?}");
        }
        confirm(&admin, json!({ "username": "press.7" })).await.expect(201);
        close(&admin).await;
        for _ in 0..2 {
            assert_eq!(register(&admin, press.clone()).await.expect(201).json(), json!({}));
        }
        admin.login("press.7", "the device's own").await.get("/api/session").await.expect(200);
    }

    async fn closing_stops_new_requests_only(server: Server) {
        let admin = server.admin().await;
        open(&admin).await;
        register(&admin, device("press.7", json!({}))).await.expect(202);
        close(&admin).await;
        register(&admin, device("press.7", json!({}))).await.expect(202);
        register(&admin, device("press.8", json!({}))).await.expect_error(423);
        let other = device("press.7", json!({ "password": "another device's" }));
        register(&admin, other).await.expect_error(423);
    }

    async fn only_the_same_credential_learns_the_answer(server: Server) {
        let admin = server.admin().await;
        open(&admin).await;
        register(&admin, device("press.7", json!({}))).await.expect(202);
        let other = device("press.7", json!({ "password": "another device's" }));
        register(&admin, other.clone()).await.expect_error(409);
        confirm(&admin, json!({ "username": "press.7" })).await.expect(201);
        register(&admin, other.clone()).await.expect_error(409);
        close(&admin).await;
        register(&admin, other).await.expect_error(423);
        register(&admin, device("press.7", json!({}))).await.expect(201);
    }

    async fn the_name_of_a_user_is_taken(server: Server) {
        let admin = server.admin().await;
        create_user(&admin, "press.7").await;
        // Nobody learns from a closed registry who exists.
        register(&admin, device("press.7", json!({}))).await.expect_error(423);
        open(&admin).await;
        for name in ["press.7", "PRESS.7", "admin", "\u{ff41}dmin"] {
            let taken = register(&admin, device(name, json!({}))).await.expect_error(409);
            assert_eq!(taken.code, "username_taken");
        }
        // The password of the user is no credential of a registration.
        register(&admin, device("press.7", json!({ "password": PASSWORD }))).await.expect_error(409);
        assert_eq!(listed(&admin).await, json!([]));
    }

    /// Nobody puts a device beside another one whose name looks the same.
    async fn names_that_are_alike_are_not_pending_together(server: Server) {
        let admin = server.admin().await;
        open(&admin).await;
        register(&admin, device("press.X", json!({}))).await.expect(202);
        for name in ["PRESS.X", "press.x", "Press.X"] {
            let taken = register(&admin, device(name, json!({}))).await.expect_error(409);
            assert_eq!(taken.code, "username_taken", "{name}");
        }
        register(&admin, device("press.X", json!({}))).await.expect(202);
    }

    async fn what_changes_with_the_user_counts_for_the_device(server: Server) {
        let admin = server.admin().await;
        open(&admin).await;
        let press = device("press.7", json!({}));
        register(&admin, press.clone()).await.expect(202);
        let made = confirm(&admin, json!({ "username": "press.7" })).await.expect(201).json();
        let user = format!("/api/users/{}", id_of(&made));
        admin.put(&user, json!({ "password": "the second one" })).await.expect(200);
        register(&admin, press.clone()).await.expect_error(409);
        register(&admin, device("press.7", json!({ "password": "the second one" }))).await.expect(201);
        admin.put(&user, json!({ "username": "press.8" })).await.expect(200);
        register(&admin, device("press.8", json!({ "password": "the second one" }))).await.expect(201);
        // The old name is free: another device may ask for it.
        register(&admin, device("press.7", json!({ "password": "a third one" }))).await.expect(202);
        admin.delete(&user).await.expect(204);
        register(&admin, device("press.8", json!({ "password": "the second one" }))).await.expect(202);
        assert_eq!(all(&listed(&admin).await, "username"), ["press.7", "press.8"]);
    }

    async fn devices_that_ask_at_the_same_time_are_one_registration(server: Server) {
        let admin = server.admin().await;
        open(&admin).await;
        let asked = (0..8).map(|_| register(&admin, device("press.7", json!({}))));
        for answer in futures_util::future::join_all(asked).await {
            answer.expect(202);
        }
        assert_eq!(all(&listed(&admin).await, "username"), ["press.7"]);
    }

    async fn a_name_is_read_in_its_spelling(server: Server) {
        let admin = server.admin().await;
        open(&admin).await;
        register(&admin, device("e\u{301}tude", json!({}))).await.expect(202);
        register(&admin, device("\u{e9}tude", json!({}))).await.expect(202);
        confirm(&admin, json!({ "username": "e\u{301}tude" })).await.expect(201);
        register(&admin, device("e\u{301}tude", json!({}))).await.expect(201);
    }

    async fn a_request_that_is_no_request_stores_nothing(server: Server) {
        let admin = server.admin().await;
        open(&admin).await;
        let wish = |wish: Value| device("press.7", json!({ "permissions": [wish] }));
        for wrong in [
            json!({}),
            json!([]),
            json!({ "username": "press.7" }),
            json!({ "password": "the device's own" }),
            json!({ "username": "press.7", "password": null }),
            json!({ "username": "press.7", "password": 7 }),
            json!({ "username": "press.7", "password": "shor" }),
            json!({ "username": "press.7", "password": "with \u{0} in it" }),
            device("p", json!({})),
            device("press 7", json!({})),
            device("[erased]", json!({})),
            device("press.7", json!({ "roles": "sensors" })),
            device("press.7", json!({ "roles": [""] })),
            device("press.7", json!({ "roles": ["x".repeat(256)] })),
            device("press.7", json!({ "roles": [7] })),
            device("press.7", json!({ "context": 7 })),
            device("press.7", json!({ "context": "x".repeat(9_000) })),
            device("press.7", json!({ "context": "x".repeat(100_000) })),
            wish(json!("press/7")),
            wish(json!({ "resource": "press/7" })),
            wish(json!({ "resource": "", "operation": "read", "context": "mqtt" })),
            wish(json!({ "resource": "press/#/7", "operation": "read", "context": "mqtt" })),
            wish(json!({ "resource": "press/7", "operation": "erase", "context": "mqtt" })),
            wish(json!({ "resource": "press/7", "operation": "read", "context": "ftp" })),
        ] {
            register(&admin, wrong).await.expect_error(400);
        }
        assert_eq!(listed(&admin).await, json!([]));
    }

    async fn a_wrong_password_of_a_device_is_evidence(server: Server) {
        let admin = server.admin().await;
        open(&admin).await;
        register(&admin, device("press.7", json!({}))).await.expect(202);
        let other = device("press.7", json!({ "password": "a guess at it" }));
        register(&admin, other).await.expect_error(409);
        let found = async || admin.get("/api/audit?kind=login.refused").await.expect(200).json();
        for _ in 0..100 {
            if found().await.to_string().contains("wrong_password") {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        panic!("there should be evidence: {}", found().await);
    }
}
