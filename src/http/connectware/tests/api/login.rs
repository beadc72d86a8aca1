//! `POST /api/login`

use serde_json::{Value, json};

use crate::support::{
    both_engines,
    client::{Client, assert_keys},
    connectware::*,
    server::{ADMIN_PASSWORD, Server},
};

async fn log_in(caller: &Client, username: &str, more: Value) -> crate::support::client::Response {
    let mut body = json!({ "username": username, "password": PASSWORD });
    for (key, value) in more.as_object().expect("an object") {
        body[key] = value.clone();
    }
    caller.anonymous().post("/api/login", body).await
}

both_engines! {
    async fn a_login_answers_with_a_token_and_what_it_permits(server: Server) {
        let admin = server.admin().await;
        let readers = create_role(&admin, "readers", json!([http("/api/users/#", "read")])).await;
        let more = json!({ "roles": [readers], "initialPermissions": [mqtt("a", "write")] });
        create_user_with(&admin, "ada", more).await;

        let answer = log_in(&admin, "ada", json!({})).await.expect(200).json();

        let keys = ["token", "expiresAt", "permissions", "needsMfa", "secret", "enforceMFAEnrollment"];
        assert_keys(&answer, &keys);
        assert_time(&answer["expiresAt"]);
        assert_eq!(answer["needsMfa"], false);
        assert_eq!(answer["enforceMFAEnrollment"], false);
        let rights: Vec<_> = list(&answer["permissions"]).iter().map(right).collect();
        assert_eq!(rights, [http("/api/users/#", "read"), mqtt("a", "write")]);
        let parts: Vec<_> = text(&answer["token"]).split('.').collect();
        assert_eq!(parts.len(), 3, "the token should be a JWT");
        server.anonymous().bearer(text(&answer["token"])).get("/api/users/ids").await.expect(200);
    }

    async fn an_enrolment_that_is_enforced_is_said(server: Server) {
        let admin = server.admin().await;
        create_user_with(&admin, "ada", json!({ "enforceMFAEnrollment": true })).await;
        let answer = log_in(&admin, "ada", json!({})).await.expect(200).json();
        assert_eq!(answer["enforceMFAEnrollment"], true);
        assert_eq!(answer["needsMfa"], false);
        text(&answer["token"]);
    }

    async fn a_token_lives_as_long_as_asked_for(server: Server) {
        let admin = server.admin().await;
        create_user(&admin, "ada").await;
        let mut last = String::new();
        for hours in [1, 2, 24, 99_999] {
            let answer =
                log_in(&admin, "ada", json!({ "expireTimeInHours": hours })).await.expect(200).json();
            assert_time(&answer["expiresAt"]);
            assert!(*text(&answer["expiresAt"]) > *last, "{hours} hours should end after {last}: {answer}");
            last = text(&answer["expiresAt"]).to_owned();
            server.anonymous().bearer(text(&answer["token"])).get("/api/session").await.expect(200);
        }
    }

    async fn every_login_has_a_token_of_its_own(server: Server) {
        let admin = server.admin().await;
        create_user(&admin, "ada").await;
        let one = log_in(&admin, "ada", json!({})).await.expect(200).json();
        let other = log_in(&admin, "ada", json!({})).await.expect(200).json();
        assert_ne!(one["token"], other["token"]);
    }

    async fn an_unknown_user_and_a_wrong_password_answer_the_same(server: Server) {
        let admin = server.admin().await;
        create_user(&admin, "ada").await;
        let by_certificate =
            json!({ "password": null, "grantTypes": [{ "method": "certificate", "isRequired": false }] });
        create_user_with(&admin, "robot", by_certificate).await;
        let both = json!({ "grantTypes": [
            { "method": "password", "isRequired": false },
            { "method": "certificate", "isRequired": true },
        ]});
        create_user_with(&admin, "careful", both).await;
        create_user_with(&admin, "closed", json!({ "grantTypes": [] })).await;
        create_user_with(&admin, "grace", json!({ "password": null, "identityProvider": "ldap" })).await;
        let deleted = create_user(&admin, "joan").await;
        admin.delete(format!("/api/users/{deleted}")).await.expect(204);

        let wrong = log_in(&admin, "ada", json!({ "password": "a guess" })).await.expect_error(401);
        for (who, username, password) in [
            ("an unknown user", "nobody", PASSWORD),
            ("a user with a certificate only", "robot", PASSWORD),
            ("a user whose certificate is required", "careful", PASSWORD),
            ("a user without any method", "closed", PASSWORD),
            ("a user of another provider", "grace", PASSWORD),
            ("a deleted user", "joan", PASSWORD),
            ("another case of the name", "ADA", PASSWORD),
            ("another case of the password", "ada", &PASSWORD.to_uppercase()),
            ("an empty password", "ada", ""),
            ("no name that could be", "a", PASSWORD),
        ] {
            let answer = log_in(&admin, username, json!({ "password": password })).await;
            assert_eq!(answer.status, 401, "{who}: {answer:?}");
            assert_eq!(answer.expect_error(401), wrong, "{who}");
        }
    }

    async fn malformed_logins_are_refused(server: Server) {
        let admin = server.admin().await;
        create_user(&admin, "ada").await;
        for wrong in [
            json!({ "expireTimeInHours": 0 }),
            json!({ "expireTimeInHours": -1 }),
            json!({ "expireTimeInHours": "1" }),
            json!({ "expireTimeInHours": 1.5 }),
            json!({ "expireTimeInHours": [] }),
            json!({ "label": 1 }),
            json!({ "label": "x".repeat(256) }),
            json!({ "label": "a\u{0}" }),
            json!({ "username": 1 }),
            json!({ "username": null }),
            json!({ "password": 1 }),
            json!({ "password": null }),
        ] {
            let answer = log_in(&admin, "ada", wrong.clone()).await;
            assert_eq!(answer.status, 400, "{wrong}: {answer:?}");
            answer.expect_error(400);
        }
        server.anonymous().post("/api/login", json!({})).await.expect_error(400);
        server.anonymous().post("/api/login", json!([])).await.expect_error(400);
    }

    async fn a_huge_password_is_answered_soon(server: Server) {
        // The server stops reading a password as soon as it is too long.
        let body = json!({ "username": "admin", "password": "x".repeat(1_000_000) });
        server.anonymous().post("/api/login", body).await.expect_error(413);
        let body = json!({ "username": "admin", "password": "x".repeat(8_000) });
        server.anonymous().post("/api/login", body).await.expect_error_in(&[400, 401]);
    }

    async fn a_login_needs_no_credential_and_minds_no_wrong_one(server: Server) {
        let body = json!({ "username": "admin", "password": ADMIN_PASSWORD });
        server.anonymous().post("/api/login", body.clone()).await.expect(200);
        server.anonymous().bearer("stale").post("/api/login", body).await.expect(200);
    }
}
