//! A user with a second factor: the bare password is refused wherever one is taken. A user who must enrol one: nothing else is left.

use base64::{Engine, engine::general_purpose::STANDARD};
use http::Method;
use serde_json::{Value, json};

use crate::support::{
    both_engines,
    client::{Client, Response},
    connectware::*,
    second_factor::*,
    server::Server,
};

/// What a broker asks about a user and a password, and whether the answer lets the client in.
pub(super) async fn at_brokers(broker: &Client, name: &str, password: &str) -> Vec<(&'static str, bool)> {
    let form = |pairs: String| pairs.replace(' ', "%20").replace('\'', "%27");
    let rabbitmq = form(format!(
        "username={name}&password={password}&vhost=%2F&client_id=c1"
    ));
    let rabbitmq = broker
        .call(Method::POST, "/hooks/rabbitmq/user")
        .body("application/x-www-form-urlencoded", rabbitmq)
        .await;
    let vernemq = json!({
        "peer_addr": "127.0.0.1", "peer_port": 1, "mountpoint": "", "client_id": "c1", "username": name, "password": password,
        "clean_session": true,
    });
    let vernemq = broker
        .post("/hooks/vernemq", vernemq)
        .header("vernemq-hook", "auth_on_register")
        .await;
    let emqx = json!({ "username": name, "password": password, "clientid": "c1" });
    let emqx = broker.post("/hooks/emqx/authn", emqx).await;
    let mosquitto = json!({ "username": name, "password": password, "clientid": "c1" });
    let mosquitto = broker.post("/hooks/mosquitto/user", mosquitto).await;
    let message = STANDARD.encode(format!("\0{name}\0{password}"));
    let enhanced = json!({ "mountpoint": "", "client_id": "c1", "username": null, "properties": {
        "p_authentication_method": "PLAIN", "p_authentication_data": message,
    }});
    let enhanced = broker.post("/api/broker/auth/enhanced", enhanced).await;
    let says = |answer: &Response, text: &str| answer.text().contains(text);
    vec![
        ("rabbitmq", says(&rabbitmq, "allow")),
        ("vernemq", says(&vernemq, "\"ok\"")),
        ("emqx", says(&emqx, "\"allow\"")),
        ("mosquitto", mosquitto.status == 200),
        ("enhanced", says(&enhanced, "\"ok\"")),
    ]
}

pub(super) fn nobody_lets_in(answers: &[(&'static str, bool)]) {
    let any: Vec<_> = answers.iter().filter(|(_, is_in)| *is_in).collect();
    assert!(any.is_empty(), "{any:?}");
}

pub(super) fn everybody_lets_in(answers: &[(&'static str, bool)]) {
    let any: Vec<_> = answers.iter().filter(|(_, is_in)| !*is_in).collect();
    assert!(any.is_empty(), "{any:?}");
}

const METHODS: &str =
    r#"[{ "method": "password", "isRequired": false }, { "method": "token", "isRequired": false }]"#;

/// Rights over everything, by all methods.
pub(super) fn powers() -> Value {
    let methods: Value = serde_json::from_str(METHODS).expect("JSON");
    let rights = json!([http("/#", "readWrite"), mqtt("#", "readWrite")]);
    json!({ "grantTypes": methods, "initialPermissions": rights })
}

both_engines! {
    async fn the_bare_password_is_refused_wherever_one_is_taken(server: Server) {
        let admin = server.admin().await;
        create_user_with(&admin, "ada", powers()).await;
        let broker = server.broker();
        // Before: the brokers remember the password, too.
        everybody_lets_in(&at_brokers(&broker, "ada", PASSWORD).await);
        let bare = server.anonymous().basic("ada", PASSWORD);
        let session = admin.login("ada", PASSWORD).await;
        bare.get("/api/session").await.expect(200);
        let device = enable(&session).await;
        let step = step(&admin).await;
        session.post("/api/mfa/validate", json!({ "otp": device.code(step) })).await.expect(200);

        let question = json!({
            "subject": { "type": "username", "id": "ada" }, "action": { "name": "read" },
            "resource": { "type": "http", "id": "/api/users/ids" },
        });
        let change = json!({ "password": PASSWORD, "newPassword": "the next one" });
        let csr = |path: &str| bare.call(Method::POST, path).body("application/pkcs10", "AAAA");
        for (place, answer) in [
            ("session", bare.get("/api/session").await),
            ("users", bare.get("/api/users/ids").await),
            ("change-password", bare.put("/api/users/change-password", change.clone()).await),
            ("enable", bare.post("/api/mfa/enable", json!({})).await),
            ("validate", bare.post("/api/mfa/validate", json!({ "otp": "123456" })).await),
            ("disable", bare.post("/api/mfa/disable", json!({ "otp": device.code(step + 1) })).await),
            ("AuthZEN", bare.post("/access/v1/evaluation", question).await),
            ("audit", bare.get("/api/audit").await),
            ("simpleenroll", csr("/.well-known/est/simpleenroll").await),
            ("simplereenroll", csr("/.well-known/est/simplereenroll").await),
        ] {
            assert_eq!(answer.expect_error(401).code, "second_factor_needed", "{place}");
        }
        nobody_lets_in(&at_brokers(&broker, "ada", PASSWORD).await);
        let login = json!({ "username": "ada", "password": PASSWORD });
        let half = server.anonymous().post("/api/login", login).await.expect(200).json();
        assert_eq!(half["token"], Value::Null);
        // A wrong password looks as always.
        let wrong = server.anonymous().basic("ada", "a guess").get("/api/session").await;
        assert_eq!(wrong.expect_error(401).code, "unauthorized");

        // With a token, all of this works. A broker takes the token, too.
        session.get("/api/users/ids").await.expect(200);
        let at_broker = at_brokers(&broker, "ada", session.token()).await;
        everybody_lets_in(&at_broker.into_iter().filter(|(broker, _)| *broker != "enhanced").collect::<Vec<_>>());
        session.put("/api/users/change-password", change).await.expect(204);
    }

    async fn a_device_that_registered_proves_nothing_by_a_password_that_is_not_enough(server: Server) {
        let admin = server.admin().await;
        let device = json!({ "username": "press.7", "password": PASSWORD, "context": "a press" });
        let register = || server.anonymous().post("/api/client-registry/register", device.clone());
        admin.post("/api/client-registry/open", json!({ "duration": 3_600_000 })).await.expect(204);
        register().await.expect(202);
        let grant = json!({ "username": "press.7", "grantTypes": [{ "method": "password", "isRequired": false }] });
        admin.post("/api/client-registry/confirm", grant).await.expect(201);
        register().await.expect(201);
        let session = admin.login("press.7", PASSWORD).await;
        let totp = enable(&session).await;
        let step = step(&admin).await;
        session.post("/api/mfa/validate", json!({ "otp": totp.code(step) })).await.expect(200);
        register().await.expect_error(409);
    }

    async fn whoever_must_enrol_does_nothing_else(server: Server) {
        let admin = server.admin().await;
        let mut with = powers();
        with["enforceMFAEnrollment"] = json!(true);
        let id = create_user_with(&admin, "ada", with).await;
        let login = json!({ "username": "ada", "password": PASSWORD });
        let answer = server.anonymous().post("/api/login", login).await.expect(200).json();
        assert_eq!((&answer["enforceMFAEnrollment"], &answer["needsMfa"]), (&json!(true), &json!(false)));
        let token = server.anonymous().bearer(text(&answer["token"]));
        let basic = server.anonymous().basic("ada", PASSWORD);
        let change = json!({ "password": PASSWORD, "newPassword": "the next one" });
        let question = json!({
            "subject": { "type": "token", "id": token.token() }, "action": { "name": "read" },
            "resource": { "type": "http", "id": "/api/users/ids" },
        });
        for caller in [&token, &basic] {
            for (place, answer) in [
                ("users", caller.get("/api/users/ids").await),
                ("own tokens", caller.get(format!("/api/users/{id}/tokens")).await),
                ("change", caller.put(format!("/api/users/{id}"), json!({ "enforceMFAEnrollment": false })).await),
                ("change-password", caller.put("/api/users/change-password", change.clone()).await),
                ("disable", caller.post("/api/mfa/disable", json!({ "otp": "123456" })).await),
                ("regenerate", caller.post("/api/mfa/regenerate/backupcodes", json!({ "otp": "123456" })).await),
                ("AuthZEN", caller.post("/access/v1/evaluation", question.clone()).await),
                ("audit", caller.get("/api/audit").await),
                ("certificate", caller.call(Method::POST, "/.well-known/est/simpleenroll").body("application/pkcs10", "AAAA").await),
            ] {
                let error = answer.expect_error(403);
                assert_eq!(error.code, "second_factor_missing", "{place}");
                assert!(error.message.contains("must enrol a second factor"), "{place}");
            }
            let session = caller.get("/api/session").await.expect(200).json();
            assert_eq!(session["mfa"], json!({ "enabled": false, "enforced": true }));
        }
        let broker = server.broker();
        nobody_lets_in(&at_brokers(&broker, "ada", PASSWORD).await);
        nobody_lets_in(&at_brokers(&broker, "ada", token.token()).await);
        let answer = admin.post("/access/v1/evaluation", question.clone()).await.expect(200).json();
        assert_eq!((&answer["decision"], &answer["context"]["reason"]), (&json!(false), &json!("second_factor_missing")));

        // Another session is ended, and this one enrols.
        admin.login("ada", PASSWORD).await.delete("/api/session").await.expect(204);
        let device = enable(&basic).await;
        let step = step(&admin).await;
        token.post("/api/mfa/validate", json!({ "otp": device.code(step) })).await.expect(200);
        token.get("/api/users/ids").await.expect(200);
        assert_eq!(token.get("/api/session").await.expect(200).json()["mfa"], json!({ "enabled": true, "enforced": true }));
        assert_eq!(admin.post("/access/v1/evaluation", question).await.expect(200).json()["decision"], true);

        // Without the factor, it begins again.
        token.post("/api/mfa/disable", json!({ "otp": device.code(step + 1) })).await.expect(204);
        assert_eq!(token.get("/api/users/ids").await.expect_error(403).code, "second_factor_missing");
        admin.put(format!("/api/users/{id}"), json!({ "enforceMFAEnrollment": false })).await.expect(200);
        token.get("/api/users/ids").await.expect(200);
    }
}
