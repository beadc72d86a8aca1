//! `/api/auth/oauth_password` and `/api/auth/invalidate_token`

use http::Method;
use serde_json::json;

use super::{form, introspected, passes, password_grant, refused, token_of};
use crate::support::{
    both_engines,
    client::assert_keys,
    connectware::*,
    second_factor::Enrolled,
    server::{ADMIN_PASSWORD, Server},
};

const PATH: &str = "/api/auth/oauth_password";
const INVALIDATE: &str = "/api/auth/invalidate_token";

both_engines! {
    async fn the_official_client_gets_a_token(server: Server) {
        let admin = server.admin().await;
        let reads = json!([{ "resource": "GET devices/{id}", "operation": "read", "context": "coiote" }]);
        caller(&admin, "ada", reads).await;
        for fields in [
            &[("username", "ada"), ("password", PASSWORD)][..],
            &[("grant_type", "password"), ("username", "ada"), ("password", PASSWORD)],
            &[("grant_type", ""), ("username", "ada"), ("password", PASSWORD), ("scope", ""), ("other", "x"), ("other", "y")],
        ] {
            let answer = form(&server.anonymous(), PATH, fields).await.expect(201);
            assert_eq!(answer.header("cache-control"), "no-store");
            let body = answer.json();
            assert_keys(&body, &["access_token", "token_type", "expires_in"]);
            assert_eq!(body["token_type"], "Bearer");
            assert_eq!(body["expires_in"], "300");
            let ada = server.anonymous().bearer(text(&body["access_token"]));
            assert!(passes(&ada, "devices/7").await);
            assert!(!passes(&ada, "devices").await);
            // It is no token of another API.
            ada.get("/api/session").await.expect_error(401);
            ada.get("/api/v1/auth/me").await.expect(401);
        }
    }

    async fn whoever_does_not_know_the_password_learns_nothing(server: Server) {
        let admin = server.admin().await;
        create_user(&admin, "ada").await;
        create_user_with(&admin, "machine", json!({ "grantTypes": [{ "method": "certificate", "isRequired": false }] })).await;
        let mut seen = Vec::new();
        for (username, password) in [("ada", "wrong"), ("nobody", PASSWORD), ("machine", PASSWORD), ("ada ", PASSWORD)] {
            let answer = password_grant(&server.anonymous(), username, password).await;
            seen.push(refused(&answer, 401, "invalid_grant"));
            assert_eq!(answer.header("www-authenticate"), r#"Bearer realm="muniment""#);
        }
        seen.dedup();
        assert_eq!(seen, ["the username or the password is wrong"]);
    }

    async fn a_malformed_request_is_refused_before_a_password_is_compared(server: Server) {
        for (fields, error) in [
            (&[][..], "invalid_request"),
            (&[("username", "admin")], "invalid_request"),
            (&[("username", "admin"), ("password", "")], "invalid_request"),
            (&[("password", ADMIN_PASSWORD)], "invalid_request"),
            (&[("username", "admin"), ("username", "admin"), ("password", ADMIN_PASSWORD)], "invalid_request"),
            (&[("username", "admin"), ("password", ADMIN_PASSWORD), ("password", "x")], "invalid_request"),
            (&[("username", "admin"), ("password", ADMIN_PASSWORD), ("grant_type", "client_credentials")], "unsupported_grant_type"),
            (&[("username", "admin"), ("password", ADMIN_PASSWORD), ("grant_type", "Password")], "unsupported_grant_type"),
            (&[("username", "admin"), ("password", ADMIN_PASSWORD), ("scope", "all")], "invalid_scope"),
        ] {
            let answer = form(&server.anonymous(), PATH, fields).await;
            let description = refused(&answer, 400, error);
            assert!(!description.contains(ADMIN_PASSWORD), "{description}");
        }
        let call = |kind: &str, body: &str| server.anonymous().call(Method::POST, PATH).body(kind, body);
        let login = format!("username=admin&password={}", ADMIN_PASSWORD.replace(' ', "+").replace('\'', "%27"));
        call("application/x-www-form-urlencoded;charset=UTF-8", &login).await.expect(201);
        for kind in ["", "application/json", "text/plain", "multipart/form-data"] {
            refused(&call(kind, &login).await, 415, "invalid_request");
        }
        refused(&call("application/x-www-form-urlencoded", "username=%FF&password=x").await, 400, "invalid_request");
        let huge = format!("{login}&x={}", "a".repeat(9 << 10));
        refused(&call("application/x-www-form-urlencoded", &huge).await, 413, "invalid_request");
        refused(&server.anonymous().get(format!("{PATH}?{login}")).await, 405, "invalid_request");
        // A page of another site cannot make a browser log in.
        let foreign = call("application/x-www-form-urlencoded", &login).header("origin", "https://elsewhere.example").await;
        refused(&foreign, 403, "insufficient_scope");
    }

    async fn a_second_factor_is_not_walked_round(server: Server) {
        let admin = server.admin().await;
        Enrolled::user(&admin, "ada").await;
        let answer = password_grant(&server.anonymous(), "ada", PASSWORD).await;
        refused(&answer, 401, "invalid_grant");
    }

    async fn whoever_must_do_something_first_gets_no_token(server: Server) {
        let admin = server.admin().await;
        let right = json!([{ "resource": "GET devices", "operation": "read", "context": "coiote" }]);
        let bob = json!({ "enforceMFAEnrollment": true, "initialPermissions": right });
        let bob = create_user_with(&admin, "bob", bob).await;
        let carol = create_user_with(&admin, "carol", json!({ "mustChangePassword": true })).await;
        for username in ["bob", "carol"] {
            let answer = password_grant(&server.anonymous(), username, PASSWORD).await;
            let told = refused(&answer, 401, "invalid_grant");
            // Only whoever knows the password learns that something is to be done.
            let guess = password_grant(&server.anonymous(), username, "a guess").await;
            assert_ne!(told, refused(&guess, 401, "invalid_grant"));
        }
        // Nothing waits until they have done it.
        for id in [&bob, &carol] {
            let tokens = admin.get(format!("/api/users/{id}/tokens")).await.expect(200).json();
            assert!(list(&tokens).is_empty(), "{tokens}");
        }
        admin.put(format!("/api/users/{carol}"), json!({ "mustChangePassword": false })).await.expect(200);
        token_of(&server.anonymous(), "carol", PASSWORD).await;
    }

    async fn a_token_sleeps_while_its_user_must_do_something_first(server: Server) {
        let admin = server.admin().await;
        let rights = json!([
            { "resource": "GET devices", "operation": "read", "context": "coiote" }, http("/oauth/introspect", "read"),
        ]);
        let ada = create_user_with(&admin, "ada", json!({ "initialPermissions": rights })).await;
        let token = token_of(&server.anonymous(), "ada", PASSWORD).await;
        let bearer = server.anonymous().bearer(&token);
        assert!(passes(&bearer, "devices").await);
        assert_eq!(introspected(&bearer, &token).await["active"], true);
        for duty in ["enforceMFAEnrollment", "mustChangePassword"] {
            admin.put(format!("/api/users/{ada}"), json!({ duty: true })).await.expect(200);
            assert!(!passes(&bearer, "devices").await);
            assert_eq!(introspected(&admin, &token).await, json!({ "active": false }));
            refused(&form(&bearer, "/oauth/introspect", &[("token", &token)]).await, 403, "insufficient_scope");
            admin.put(format!("/api/users/{ada}"), json!({ duty: false })).await.expect(200);
            assert!(passes(&bearer, "devices").await, "{duty}");
        }
    }

    async fn a_token_ends_with_what_proved_it(server: Server) {
        let admin = server.admin().await;
        let right = json!([{ "resource": "GET devices", "operation": "read", "context": "coiote" }]);
        caller(&admin, "ada", right).await;
        let token = token_of(&server.anonymous(), "ada", PASSWORD).await;
        let ada = server.anonymous().bearer(&token);
        assert!(passes(&ada, "devices").await);
        let id = introspected(&admin, &token).await["sub"].clone();
        admin.put(format!("/api/users/{}", text(&id)), json!({ "password": "another password" })).await.expect(200);
        assert!(!passes(&ada, "devices").await);
        refused(&password_grant(&server.anonymous(), "ada", PASSWORD).await, 401, "invalid_grant");
        let again = token_of(&server.anonymous(), "ada", "another password").await;
        admin.delete(format!("/api/users/{}", text(&id))).await.expect(204);
        assert_eq!(introspected(&admin, &again).await, json!({ "active": false }));
    }

    async fn whoever_has_a_token_ends_it(server: Server) {
        let admin = server.admin().await;
        let right = json!([{ "resource": "GET devices", "operation": "read", "context": "coiote" }]);
        caller(&admin, "ada", right).await;
        let (one, other) = (token_of(&server.anonymous(), "ada", PASSWORD).await, token_of(&server.anonymous(), "ada", PASSWORD).await);
        let end = |token: &str| server.anonymous().post(INVALIDATE, json!({ "token": token }));
        let answer = end(&one).await.expect(204);
        assert!(!answer.header("muniment-position").is_empty());
        assert!(!passes(&server.anonymous().bearer(&one), "devices").await);
        assert!(passes(&server.anonymous().bearer(&other), "devices").await, "another token of the same user");
        // A token that has ended, or that never was one, is no error, and nothing is recorded.
        for token in [&one, "", "x", "a.b.c"] {
            let answer = end(token).await.expect(204);
            assert_eq!(answer.header("muniment-position"), "", "{token}");
        }
        for body in [json!({}), json!({ "token": 1 }), json!({ "token": null }), json!([])] {
            refused(&server.anonymous().post(INVALIDATE, body).await, 400, "invalid_request");
        }
    }
}
