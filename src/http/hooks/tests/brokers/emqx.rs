//! EMQX, with the bodies of its documentation.

use super::*;
use crate::support::both_engines;

async fn authn(broker: &Client, body: Value) -> Value {
    let answer = broker.post("/hooks/emqx/authn", body).await.expect(200);
    assert!(
        answer.content_type().starts_with("application/json"),
        "{answer:?}"
    );
    answer.json()
}

async fn authz(broker: &Client, body: Value) -> Value {
    broker.post("/hooks/emqx/authz", body).await.expect(200).json()["result"].clone()
}

fn client(username: &str, password: &str) -> Value {
    json!({ "username": username, "password": password, "clientid": "c1", "peerhost": "192.0.2.7" })
}

both_engines! {
    async fn a_device_connects(server: Server) {
        device(&server).await;
        let broker = server.broker();
        assert_eq!(
            authn(&broker, client(DEVICE, PASSWORD)).await,
            json!({ "result": "allow", "is_superuser": false, "client_attrs": { "prefix": "" } })
        );
        for (name, password) in [(DEVICE, "another"), (DEVICE, ""), ("nobody", PASSWORD), ("", "")] {
            assert_eq!(authn(&broker, client(name, password)).await, json!({ "result": "deny" }), "{name}");
        }
        let with_certificate = json!({ "username": DEVICE, "password": "", "cert_common_name": DEVICE });
        assert_eq!(authn(&broker, with_certificate).await, json!({ "result": "deny" }));
    }

    async fn an_answer_says_when_a_token_ends(server: Server) {
        let admin = server.admin().await;
        let both = json!([{ "method": "password", "isRequired": false }, { "method": "token", "isRequired": false }]);
        device_with(&admin, json!({ "grantTypes": both, "mqttPublishPrefix": "dev/one/" })).await;
        let broker = server.broker();
        let login = json!({ "username": DEVICE, "password": PASSWORD, "expireTimeInHours": 1 });
        let token = server.anonymous().post("/api/login", login).await.expect(200).json();
        let answer = authn(&broker, client(DEVICE, text(&token["token"]))).await;
        assert_eq!(answer["result"], "allow");
        assert_eq!(answer["client_attrs"], json!({ "prefix": "dev/one/" }));
        let expires = aggregates::values::Timestamp::parse(text(&token["expiresAt"])).expect("a time");
        let end = answer["expire_at"].as_i64().expect("seconds");
        assert!(end <= expires.seconds() && end + 1 >= expires.seconds(), "{answer} {token}");
    }

    async fn a_device_publishes_and_subscribes_where_it_may(server: Server) {
        device(&server).await;
        let broker = server.broker();
        for (action, topic, result) in [
            ("publish", "dev/one/x", "allow"),
            ("publish", "dev/two/x", "deny"),
            ("publish", "dev/one/#", "deny"),
            ("subscribe", "dev/+/state", "allow"),
            ("subscribe", "#", "deny"),
            ("subscribe", "all/+/#", "allow"),
            ("all", "dev/one/x", "deny"),
        ] {
            let body = json!({ "username": DEVICE, "clientid": "c1", "topic": topic, "action": action,
                "qos": "1", "retain": "false" });
            assert_eq!(authz(&broker, body).await, result, "{action} {topic}");
        }
    }

    async fn a_mountpoint_must_be_within_the_prefix(server: Server) {
        let admin = server.admin().await;
        let more = json!({ "mqttPublishPrefix": "dev/one/", "initialPermissions": [mqtt("dev/#", "readWrite")] });
        device_with(&admin, more).await;
        let broker = server.broker();
        let ask = async |action: &str, topic: &str, mountpoint: Value| {
            let body = json!({ "username": DEVICE, "topic": topic, "action": action, "mountpoint": mountpoint });
            authz(&broker, body).await
        };
        assert_eq!(ask("publish", "x", json!("dev/one/")).await, "allow");
        assert_eq!(ask("publish", "x", json!("dev/two/")).await, "deny");
        assert_eq!(ask("publish", "x", json!("")).await, "deny");
        assert_eq!(ask("publish", "x", Value::Null).await, "deny");
        assert_eq!(ask("publish", "dev/one/x", Value::Null).await, "allow");
        assert_eq!(ask("subscribe", "x", json!("dev/one/")).await, "allow");
        assert_eq!(ask("subscribe", "x", Value::Null).await, "deny");
    }
}
