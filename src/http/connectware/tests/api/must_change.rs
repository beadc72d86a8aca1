//! A user who must change the password: nothing else is left.

use http::Method;
use serde_json::{Value, json};

use super::no_way_round::{at_brokers, everybody_lets_in, nobody_lets_in, powers};
use crate::support::{both_engines, client::Client, connectware::*, second_factor::*, server::Server};

const CHANGE: &str = "/api/users/change-password";
const NEXT: &str = "the next one";

/// Rights over everything, and the demand.
fn must_change() -> Value {
    let mut with = powers();
    with["mustChangePassword"] = json!(true);
    with
}

fn to(password: &str, next: &str) -> Value {
    json!({ "password": password, "newPassword": next })
}

fn refused(place: &str, answer: &crate::support::client::Response) {
    let error = answer.expect_error(403);
    assert_eq!(error.code, "password_change_needed", "{place}");
    assert!(error.message.contains("must change their password"), "{place}");
}

async fn is_free(caller: &Client) -> bool {
    let answer = caller.get("/api/users/ids").await;
    if answer.status != 200 {
        refused("users", &answer);
    }
    answer.status == 200
}

both_engines! {
    async fn whoever_must_change_the_password_does_nothing_else(server: Server) {
        let admin = server.admin().await;
        let id = create_user_with(&admin, "ada", must_change()).await;
        let token = admin.login("ada", PASSWORD).await;
        let basic = server.anonymous().basic("ada", PASSWORD);
        let question = json!({
            "subject": { "type": "token", "id": token.token() }, "action": { "name": "read" },
            "resource": { "type": "http", "id": "/api/users/ids" },
        });
        for caller in [&token, &basic] {
            for (place, answer) in [
                ("users", caller.get("/api/users/ids").await),
                ("own tokens", caller.get(format!("/api/users/{id}/tokens")).await),
                ("change", caller.put(format!("/api/users/{id}"), json!({ "mustChangePassword": false })).await),
                ("password", caller.put(format!("/api/users/{id}"), json!({ "password": NEXT })).await),
                ("enable", caller.post("/api/mfa/enable", json!({})).await),
                ("AuthZEN", caller.post("/access/v1/evaluation", question.clone()).await),
                ("audit", caller.get("/api/audit").await),
                ("certificate", caller.call(Method::POST, "/.well-known/est/simpleenroll").body("application/pkcs10", "AAAA").await),
            ] {
                refused(place, &answer);
            }
            caller.get("/api/session").await.expect(200);
        }
        let broker = server.broker();
        nobody_lets_in(&at_brokers(&broker, "ada", PASSWORD).await);
        nobody_lets_in(&at_brokers(&broker, "ada", token.token()).await);
        let answer = admin.post("/access/v1/evaluation", question.clone()).await.expect(200).json();
        assert_eq!((&answer["decision"], &answer["context"]["reason"]), (&json!(false), &json!("password_change_needed")));

        // A change that is refused changes nothing. Another session is ended.
        token.put(CHANGE, to("a guess", NEXT)).await.expect_error(400);
        token.put(CHANGE, to(PASSWORD, "four")).await.expect_error(400);
        assert!(!is_free(&token).await);
        admin.login("ada", PASSWORD).await.delete("/api/session").await.expect(204);

        // The session in which the password is changed goes on, and everything is left.
        token.put(CHANGE, to(PASSWORD, NEXT)).await.expect(204);
        assert!(is_free(&token).await);
        assert!(is_free(&server.anonymous().basic("ada", NEXT)).await);
        everybody_lets_in(&at_brokers(&broker, "ada", NEXT).await);
        assert_eq!(admin.post("/access/v1/evaluation", question).await.expect(200).json()["decision"], true);
    }

    async fn the_password_alone_changes_it_too(server: Server) {
        let admin = server.admin().await;
        create_user_with(&admin, "ada", must_change()).await;
        let basic = server.anonymous().basic("ada", PASSWORD);
        basic.put(CHANGE, to(PASSWORD, NEXT)).await.expect(204);
        assert!(is_free(&server.anonymous().basic("ada", NEXT)).await);
        basic.get("/api/session").await.expect_error(401);
    }

    async fn an_administrator_demands_a_change_and_takes_it_back(server: Server) {
        let admin = server.admin().await;
        let id = create_user_with(&admin, "ada", powers()).await;
        let path = format!("/api/users/{id}");
        let ada = admin.login("ada", PASSWORD).await;
        let change = async |body: Value| drop(admin.put(path.clone(), body).await.expect(200));
        // Sessions go on; what they are good for changes at once.
        change(json!({ "mustChangePassword": true })).await;
        assert!(!is_free(&ada).await);
        change(json!({ "mqttPublishPrefix": "plant" })).await;
        assert!(!is_free(&ada).await);
        change(json!({ "mustChangePassword": false })).await;
        assert!(is_free(&ada).await);
        // A new password ends the demand, and all sessions.
        change(json!({ "mustChangePassword": true })).await;
        change(json!({ "password": NEXT })).await;
        assert!(is_free(&admin.login("ada", NEXT).await).await);
        // A password that is only for the first login.
        change(json!({ "password": "a third one", "mustChangePassword": true })).await;
        let ada = admin.login("ada", "a third one").await;
        assert!(!is_free(&ada).await);
        ada.put(CHANGE, to("a third one", "a fourth one")).await.expect(204);
        assert!(is_free(&ada).await);
    }

    async fn a_demand_that_nobody_can_meet_is_refused(server: Server) {
        let admin = server.admin().await;
        let without = json!({ "username": "press.7", "identityProvider": "local", "mustChangePassword": true,
            "grantTypes": [{ "method": "certificate", "isRequired": false }] });
        admin.post("/api/users", without.clone()).await.expect_error(400);
        admin.post("/api/users/batch", json!([without])).await.expect_error(400);
        let id = create_user(&admin, "ada").await;
        let elsewhere = json!({ "identityProvider": "ldap", "mustChangePassword": true });
        admin.put(format!("/api/users/{id}"), elsewhere).await.expect_error(400);
        admin.put(format!("/api/users/{id}"), json!({ "mustChangePassword": "yes" })).await.expect_error(400);
        admin.login("ada", PASSWORD).await;
        admin.put(format!("/api/users/{id}"), json!({ "identityProvider": "ldap" })).await.expect(200);
        admin.put(format!("/api/users/{id}"), json!({ "mustChangePassword": true })).await.expect_error(400);
    }

    async fn the_password_comes_before_the_second_factor(server: Server) {
        let admin = server.admin().await;
        let mut with = must_change();
        with["enforceMFAEnrollment"] = json!(true);
        let id = create_user_with(&admin, "ada", with).await;
        let ada = admin.login("ada", PASSWORD).await;
        refused("enable", &ada.post("/api/mfa/enable", json!({})).await);
        ada.put(CHANGE, to(PASSWORD, NEXT)).await.expect(204);
        assert_eq!(ada.get("/api/users/ids").await.expect_error(403).code, "second_factor_missing");
        let device = enable(&ada).await;
        let step = step(&admin).await;
        ada.post("/api/mfa/validate", json!({ "otp": device.code(step) })).await.expect(200);
        assert!(is_free(&ada).await);
        // Whoever has both needs both for the token that changes the password.
        admin.put(format!("/api/users/{id}"), json!({ "mustChangePassword": true })).await.expect(200);
        let bare = server.anonymous().basic("ada", NEXT);
        assert_eq!(bare.put(CHANGE, to(NEXT, "another one")).await.expect_error(401).code, "second_factor_needed");
        assert!(!is_free(&ada).await);
        ada.put(CHANGE, to(NEXT, "another one")).await.expect(204);
        assert!(is_free(&ada).await);
    }
}
